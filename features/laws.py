"""The laws that every feature keeps, ours and a user's own, tried on tables held in memory.

What was known at a moment decides a feature, and nothing else does: not what came later, not the
order of rows, not the engine, not which other deals are asked about at the same time.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import narwhals as nw
import polars as pl

from data.contract import Pipeline
from data.moments import DAY
from data.tables import Engine, Tables, collect, lazy_tables
from features.beside import KEY
from features.compute import catalogue, compute
from features.context import Context
from features.snapshots import open_snapshots
from features.tallies import counted

Law = Literal["the past", "order", "engine", "alone", "clock"]
MEANING: Final[dict[Law, str]] = {
    "the past": "what became known later changes it",
    "order": "the order of rows changes it",
    "engine": "two engines differ",
    "alone": "one whole record alone differs from the batch",
    "clock": "a day on which nothing happens does not move it as its entry says",
}

_HERE: Final[tuple[Engine, ...]] = ("polars", "duckdb")
"""The engines that are compared: they are everywhere, where Spark needs Java."""
_DIGITS: Final = 9
"""Of days that are compared: a day on is a sum, of which the last digits are rounded."""


@dataclass(frozen=True)
class Breach:
    """A feature that breaks a law, and the first snapshot where it does."""

    law: Law
    feature: str
    deal_id: str
    as_of: int
    value: object
    other: object


def breaches(
    frames: Mapping[str, pl.DataFrame],
    pipeline: Pipeline,
    context: Context,
    moments: Sequence[int],
    engine: Engine = "polars",
    seed: int = 0,
) -> list[Breach]:
    """Try every law at some moments and return what breaks them, each feature and law once.

    Args:
        frames: contract tables by name.
        pipeline: whose deals they are.
        context: the vocabularies, and with them the features; without track records kept.
        moments: at which the deals open then are asked about.
        engine: where all but the law of engines are tried.
        seed: of the order of rows.
    """
    tables = lazy_tables(frames, pipeline, engine)
    asked = pl.concat([collect(open_snapshots(tables, moment)) for moment in moments]).unique(KEY)
    rows = compute(tables, tables.put(asked), context)
    shuffled = {
        name: frame.sample(fraction=1, shuffle=True, seed=seed) for name, frame in frames.items()
    }
    others: list[tuple[Law, pl.DataFrame, pl.DataFrame]] = [
        ("order", rows, _asked(lazy_tables(shuffled, pipeline, engine), asked, context)),
    ]
    for one in (one for one in _HERE if one != engine):
        there = lazy_tables(frames, pipeline, one)
        others.append(("engine", rows, _asked(there, asked, context)))
    for moment in moments:
        known, then = tables.known_by(moment), rows.filter(pl.col("as_of") == moment)
        others.append(("the past", then, compute(known, open_snapshots(known, moment), context)))
        others.append(("alone", then.head(1), _alone(known, context, then.head(1), moment)))
        others.append(("clock", *_a_day_on(known, context, then)))
    found = [breach for law, one, other in others for breach in _differences(law, one, other)]
    return list({(one.law, one.feature): one for one in reversed(found)}.values())[::-1]


def _asked(tables: Tables, asked: pl.DataFrame, context: Context) -> pl.DataFrame:
    return compute(tables, tables.put(asked), context)


def _alone(known: Tables, context: Context, row: pl.DataFrame, moment: int) -> pl.DataFrame:
    """Ask about deals of one moment by their own records and what a bundle keeps of others."""
    kept = replace(context, tallies=counted(known, context, moment))
    again = Context.from_dict(json.loads(json.dumps(kept.to_dict())), context.custom)
    own = {
        name: getattr(known, name).filter(nw.col("deal_id").is_in(row["deal_id"].to_list()))
        for name in ("deals", "changes", "activities", "checklist", "contacts")
    }
    return _asked(replace(known, **own), row.select(KEY), again)


def _a_day_on(
    known: Tables, context: Context, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what clocks should say a day after, when nothing happened, and what they say."""
    clocks = [one for one in catalogue(context) if one.clock]
    said = _asked(known, rows.select("deal_id", pl.col("as_of") + DAY), context)
    should = rows.with_columns(
        pl.col("as_of") + DAY, *(pl.col(one.name) + float(one.clock) for one in clocks)
    )
    day = [pl.col(one.name).round(_DIGITS) for one in clocks]
    return should.select(*KEY, *day), said.select(*KEY, *day)


def _differences(law: Law, rows: pl.DataFrame, others: pl.DataFrame) -> Iterator[Breach]:
    """Compare feature rows of the same snapshots, both sorted by them."""
    if not rows.select(KEY).equals(others.select(KEY)):
        raise AssertionError(f"{law}: other snapshots are open")  # a fault of ours
    for name in rows.columns:
        differs = rows[name].ne_missing(others[name])
        place = differs.arg_max()
        if place is not None and differs[place]:
            deal_id, as_of = rows.select(KEY).row(place)
            yield Breach(law, name, deal_id, as_of, rows[name][place], others[name][place])
