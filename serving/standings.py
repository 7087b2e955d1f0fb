"""Standing scores: what was last said of every open deal, kept to be read in no time.

A batch writes all of a pipeline, a push the deals that it touched. A row gives way to one that
speaks of a later moment, never of an earlier one. Deals that close leave.
"""

import json
import math
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
import sqlalchemy as sa

from data.bulk import MOST_NAMED, merge, pushing, read
from data.database import contract_tables
from data.lookup import IDS, Lookup
from data.moments import iso, now
from data.standing import standing, touched
from data.tables import Tables, collect
from models.curve import Curves
from serving import webhooks
from serving.insights.standing import standing as people_know
from serving.scorer import Scorer
from serving.scores import Scores
from serving.told import plain

Asked: TypeAlias = tuple[str, Sequence[str]]
"""A pipeline and ids of its deals."""


class Standing(dict[str, Any]):
    """A row of `data.standing.standing`, with `touched`: whether newer facts wait.

    Attributes:
        told: the row as JSON, once it was written.
    """

    __slots__ = ("told",)

    def __init__(self, row: dict[str, Any]) -> None:
        super().__init__(row)
        self.told: str | None = None


_DIGITS: Final = 12
"""Digits of a curve after the point, as in `serving.told`."""


def rows(scorer: Scorer, scores: Scores, tables: Tables, scored_at: int) -> pl.DataFrame:
    """Return the rows of `data.standing.standing` that scores make.

    Args:
        scorer: what scored.
        scores: at one moment.
        tables: what they were made of.
        scored_at: when the tables were read (microseconds of UTC).
    """
    bundle = scorer.bundle
    said = {
        "pipeline": bundle.pipeline.name,
        "bundle": bundle.name,
        "served_by": bundle.serves,
        "timing": bundle.timing,
    }
    told = scores.rows.select(
        "deal_id",
        **{name: pl.lit(value) for name, value in said.items()},
        as_of=pl.lit(scores.as_of, pl.Int64),
        scored_at=pl.lit(scored_at, pl.Int64),
        chances=pl.Series(scores.written(), dtype=pl.String),
        curve=pl.Series(_curve(scores.curves), dtype=pl.String),
    )
    frames = (
        scores.graded().drop("trend"),
        scores.eventually(),
        scores.closing(),
        scores.ending(),
        scores.amount_at_close(),
        people_know(tables, scores.as_of),
        collect(tables.deals.select("deal_id", "account_id")),
    )
    for frame in frames:
        told = told.join(frame, on="deal_id", maintain_order="left")
    return told.select(standing.c.keys())


def store_all(transaction: sa.Connection, pipeline: str, frame: pl.DataFrame, as_of: int) -> None:
    """Make rows the standing of a pipeline, where none speaks of a later moment.

    Args:
        transaction: from `data.bulk.pushing`.
        pipeline: whose deals these all are that were open; see `_still_open`.
        frame: from `rows`.
        as_of: the moment they speak of.
    """
    ours = standing.c.pipeline == pipeline
    later = read(transaction, sa.select(standing.c.deal_id).where(ours, standing.c.as_of > as_of))
    before = read(transaction, sa.select(standing.c.deal_id).where(ours, standing.c.as_of <= as_of))
    frame = frame.join(later, on="deal_id", how="anti")
    merge(transaction, standing, frame)
    closed = before.join(frame, on="deal_id", how="anti")["deal_id"].to_list()
    for first in range(0, len(closed), MOST_NAMED):
        _drop(transaction, pipeline, closed[first : first + MOST_NAMED])


def _still_open(transaction: sa.Connection, pipeline: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out the deals that were closed or erased since the tables were read, or as of then."""
    deals = contract_tables["deals"].c
    query = sa.select(deals.deal_id).where(deals.pipeline == pipeline, deals.outcome == "open")
    return frame.join(read(transaction, query), on="deal_id", how="semi", maintain_order="left")


def store_some(
    transaction: sa.Connection, pipeline: str, deal_ids: Sequence[str], frame: pl.DataFrame
) -> None:
    """Make rows the standing of some deals; those of them without a row are open no more."""
    closed = set(deal_ids) - set(frame["deal_id"])
    merge(transaction, standing, frame.filter(pl.col("deal_id").is_in(list(deal_ids))))
    _drop(transaction, pipeline, sorted(closed))


def pushes(engine: sa.Engine, pipeline: str) -> list[str]:
    """Return the pushes whose deals wait to be scored; what reads the tables after it sees them."""
    query = sa.select(touched.c.push).where(touched.c.pipeline == pipeline).distinct()
    with engine.connect() as connection:
        return list(connection.scalars(query))


def refresh(
    engine: sa.Engine,
    scorer: Scorer,
    scores: Scores,
    tables: Tables,
    seen: Sequence[str],
    close_days: float,
) -> None:
    """Make the scores of a batch the standing of their pipeline; none of a moment to come.

    Args:
        engine: the database.
        scorer: what scored.
        scores: of all deals that were open at a moment.
        tables: what they were made of.
        seen: from `pushes`, before the tables were read.
        close_days: by how many days a close date must move for webhooks to be told.
    """
    at = now()
    if scores.as_of > at:
        return
    pipeline, frame = scorer.bundle.pipeline.name, rows(scorer, scores, tables, at)
    with pushing(engine) as transaction:
        frame = _still_open(transaction, pipeline, frame)
        webhooks.announce(transaction, pipeline, frame, close_days, at)
        store_all(transaction, pipeline, frame, scores.as_of)
        for first in range(0, len(seen), MOST_NAMED):
            theirs = touched.c.push.in_(seen[first : first + MOST_NAMED]) & (
                touched.c.at <= scores.as_of
            )
            transaction.execute(sa.delete(touched).where(touched.c.pipeline == pipeline, theirs))


WAITS: Final = sa.and_(
    touched.c.pipeline == standing.c.pipeline, touched.c.deal_id == standing.c.deal_id
)
"""Newer facts wait for a standing row."""
_FOUND: Final = Lookup(
    sa.select(standing, touched.c.deal_id.is_not(None).label("touched"))
    .select_from(sa.outerjoin(standing, touched, WAITS))
    .where(standing.c.pipeline == sa.bindparam("pipeline"), standing.c.deal_id.in_(IDS))
)


def find(engine: sa.Engine, pipeline: str, deal_ids: Sequence[str]) -> list[Standing]:
    """Return the standing rows of deals, each with `touched`: whether newer facts wait."""
    return [Standing(row) for row in _FOUND.rows(engine, deal_ids, pipeline=pipeline)]


def find_each(engine: sa.Engine, questions: Sequence[Asked]) -> list[list[Standing]]:
    """Answer questions in their order as `find` does each, by one query a pipeline."""
    wanted: dict[str, dict[str, None]] = {}
    for pipeline, deal_ids in questions:
        wanted.setdefault(pipeline, {}).update(dict.fromkeys(deal_ids))
    known: dict[tuple[str, str], Standing] = {}
    for pipeline, ids in wanted.items():
        found = find(engine, pipeline, list(ids))
        known |= {(pipeline, row["deal_id"]): row for row in found}
    return [
        [known[pipeline, one] for one in dict.fromkeys(ids) if (pipeline, one) in known]
        for pipeline, ids in questions
    ]


def name_of_one(question: Asked) -> Asked | None:
    """Return what the answer to a question may be remembered by; None of many deals at once."""
    pipeline, deal_ids = question
    return (pipeline, tuple(deal_ids)) if len(deal_ids) == 1 else None


_NOW: Final = ("score", "grade", "p_won", "close_median", "as_of", "bundle")


def now_of(engine: sa.Engine, pipeline: str, deal_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Say how deals stand now, fit for JSON: outcome and, where open, what was last said of them.

    The outcome is null where the deal is not stored any more.
    """
    deals = contract_tables["deals"].c
    query = sa.select(deals.deal_id, deals.outcome).where(
        deals.pipeline == pipeline, deals.deal_id.in_(deal_ids)
    )
    with engine.connect() as connection:
        outcomes = {row.deal_id: row.outcome for row in connection.execute(query)}
    stands = {row["deal_id"]: row for row in find(engine, pipeline, deal_ids)}
    return {
        one: {"outcome": outcomes.get(one)} | plain(_since(stands.get(one, {}))) for one in deal_ids
    }


def _since(row: dict[str, Any]) -> dict[str, Any]:
    said = {name: row.get(name) for name in _NOW}
    told = {name: row[name] for name in ("close_median", "as_of") if row.get(name) is not None}
    return said | {name: iso(moment) for name, moment in told.items()}


def curves_of(row: dict[str, Any]) -> Curves:
    """Return the curve of one standing row."""
    edges, won, lost = json.loads(row["curve"])
    ends = [math.inf if edge is None else edge for edge in edges]
    return Curves(np.array(ends, dtype=float), np.array([won]), np.array([lost]))


def _drop(transaction: sa.Connection, pipeline: str, deal_ids: Sequence[str]) -> None:
    ours = sa.and_(standing.c.pipeline == pipeline, standing.c.deal_id.in_(deal_ids))
    transaction.execute(sa.delete(standing).where(ours))


def _curve(curves: Curves) -> list[str]:
    edges = [None if math.isinf(edge) else edge for edge in curves.edges.tolist()]
    won, lost = curves.won.round(_DIGITS).tolist(), curves.lost.round(_DIGITS).tolist()
    pairs = zip(won, lost, strict=True)
    return [json.dumps([edges, *pair], separators=(",", ":")) for pair in pairs]
