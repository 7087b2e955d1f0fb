"""What would change a deal's score: the same deal with one fact more, scored by the same model.

It tells what the model makes of a fact. What doing it would bring is another question, which only
an experiment answers: deals whose decision maker is known differ in more than that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from data.contract import Pipeline
from data.moments import HOUR
from data.tables import Tables, collect, lazy_tables

_OF_DEAL: Final = ("deals", "changes", "activities", "checklist", "contacts")
_SHARED: Final = ("accounts", "owners")
_WHAT: Final = "what_if"


@dataclass(frozen=True)
class Supposed:
    """One fact more.

    Attributes:
        kind: stage, activity or role.
        word: the next stage, the activity's kind, the buyer's role.
        table: of the contract, which gets the fact.
        fact: its columns, without the deal's.
    """

    kind: str
    word: str
    table: str
    fact: dict[str, Any]


def supposals(tables: Tables, pipeline: Pipeline, stage: str | None, as_of: int) -> list[Supposed]:
    """Return what may be supposed of one deal: the next stage, a touch of a kind, a buyer's role.

    Args:
        tables: of this deal alone, known by the moment.
        pipeline: whose ladder it is.
        stage: where the deal stands.
        as_of: the moment (microseconds of UTC); the facts are an hour old then.
    """
    return [*_next_stage(pipeline, stage, as_of), *_touches(tables, as_of), *_roles(tables, as_of)]


def supposed(
    tables: Tables, pipeline: Pipeline, deal_id: str, facts: list[Supposed]
) -> tuple[Tables, list[str]]:
    """Return tables of the deal once as it is and once with each fact, and the ids they have.

    The first id is the deal's own. All are scored in one call.
    """
    ids = [deal_id, *(f"{_WHAT}-{number}" for number in range(len(facts)))]
    own = {name: collect(getattr(tables, name)) for name in _OF_DEAL}
    frames = {name: [_as(frame, one) for one in ids] for name, frame in own.items()}
    for one, fact in zip(ids[1:], facts, strict=True):
        added = {"pipeline": pipeline.name, "deal_id": one, **fact.fact}
        schema = own[fact.table].schema
        frames[fact.table].append(pl.DataFrame([added], schema=schema))
    whole = {name: pl.concat(parts) for name, parts in frames.items()}
    shared = {name: collect(getattr(tables, name)) for name in _SHARED}
    return lazy_tables(_contract(whole, pipeline) | shared, pipeline), ids


def _as(frame: pl.DataFrame, deal_id: str) -> pl.DataFrame:
    """Give a deal's rows another deal's name; an activity's own id must differ too."""
    renamed = frame.with_columns(deal_id=pl.lit(deal_id))
    if "activity_id" in frame.columns:
        renamed = renamed.with_columns(
            pl.concat_str(pl.lit(f"{deal_id}/"), "activity_id").alias("activity_id")
        )
    return renamed


def _contract(frames: Mapping[str, pl.DataFrame], pipeline: Pipeline) -> dict[str, pl.DataFrame]:
    """Take the fixed attributes, which are derived, off the deals again."""
    fixed = [name for name, one in pipeline.attributes.items() if one.policy == "fixed"]
    return {**frames, "deals": frames["deals"].drop(fixed)}


def _next_stage(pipeline: Pipeline, stage: str | None, as_of: int) -> Iterator[Supposed]:
    later = pipeline.stages[pipeline.stages.index(stage) + 1 :] if stage in pipeline.stages else ()
    for word in later[:1]:
        fact = {"field": "stage", "value": word, **_dated(as_of), "seq": 1}
        yield Supposed("stage", word, "changes", fact)


def _touches(tables: Tables, as_of: int) -> Iterator[Supposed]:
    done = collect(tables.activities)
    for kind in ("call", "meeting"):
        fact = {
            "activity_id": f"{_WHAT}-{kind}",
            "kind": kind,
            "status": "done",
            "direction": "out",
            **_dated(as_of),
            "seq": 1,
        }
        own = done.filter(pl.col("kind") == kind, pl.col("status") == "done").sort("at").tail(1)
        fact |= own.select("owner_id", "contact_id", "minutes").to_dicts()[0] if len(own) else {}
        yield Supposed("activity", kind, "activities", fact)


def _roles(tables: Tables, as_of: int) -> Iterator[Supposed]:
    known = set(collect(tables.contacts)["role"])
    for role in ("decision_maker", "economic_buyer"):
        if role not in known:
            fact = {"contact_id": f"{_WHAT}-{role}", "role": role, **_dated(as_of)}
            yield Supposed("role", role, "contacts", fact)


def _dated(as_of: int) -> dict[str, int]:
    return {"at": as_of - HOUR, "recorded_at": as_of - HOUR}
