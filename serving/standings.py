"""Standing scores: what was last said of every open deal, kept to be read in no time.

A batch writes all of a pipeline, a push the deals that it touched. A row gives way to one that
speaks of a later moment, never of an earlier one. Deals that close leave.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from data.bulk import merge, read
from data.standing import standing, touched
from data.tables import Tables, collect
from models.curve import Curves
from serving.insights.standing import standing as people_know
from serving.scorer import Scorer
from serving.scores import Scores

_DIGITS = 12
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
        chances=pl.Series(_chances(scores), dtype=pl.String),
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
        transaction: from `data.push.pushing`.
        pipeline: whose open deals these all are.
        frame: from `rows`.
        as_of: the moment they speak of.
    """
    ours = standing.c.pipeline == pipeline
    later = read(transaction, sa.select(standing.c.deal_id).where(ours, standing.c.as_of > as_of))
    before = read(transaction, sa.select(standing.c.deal_id).where(ours, standing.c.as_of <= as_of))
    merge(transaction, standing, frame.join(later, on="deal_id", how="anti"))
    closed = before.join(frame, on="deal_id", how="anti")["deal_id"].to_list()
    for first in range(0, len(closed), 10_000):
        _drop(transaction, pipeline, closed[first : first + 10_000])


def store_some(
    transaction: sa.Connection, pipeline: str, deal_ids: Sequence[str], frame: pl.DataFrame
) -> None:
    """Make rows the standing of some deals; those of them without a row are open no more."""
    closed = set(deal_ids) - set(frame["deal_id"])
    merge(transaction, standing, frame.filter(pl.col("deal_id").is_in(list(deal_ids))))
    _drop(transaction, pipeline, sorted(closed))


def find(connection: sa.Connection, pipeline: str, deal_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the standing rows of deals, each with `touched`: whether newer facts wait."""
    same = sa.and_(
        touched.c.pipeline == standing.c.pipeline, touched.c.deal_id == standing.c.deal_id
    )
    query = (
        sa.select(standing, touched.c.deal_id.is_not(None).label("touched"))
        .select_from(sa.outerjoin(standing, touched, same))
        .where(standing.c.pipeline == pipeline, standing.c.deal_id.in_(deal_ids))
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def curves_of(row: dict[str, Any]) -> Curves:
    """Return the curve of one standing row."""
    edges, won, lost = json.loads(row["curve"])
    ends = [math.inf if edge is None else edge for edge in edges]
    return Curves(np.array(ends, dtype=float), np.array([won]), np.array([lost]))


def _drop(transaction: sa.Connection, pipeline: str, deal_ids: Sequence[str]) -> None:
    ours = sa.and_(standing.c.pipeline == pipeline, standing.c.deal_id.in_(deal_ids))
    transaction.execute(sa.delete(standing).where(ours))


def _chances(scores: Scores) -> list[str]:
    """Write [[days, p_won, p_lost], …] at the horizons, of each deal."""
    days = scores.horizons_days
    won = np.array([scores.curves.won_by(day) for day in days]).reshape(len(days), -1).T
    lost = np.array([scores.curves.lost_by(day) for day in days]).reshape(len(days), -1).T
    if not days:
        return ["[]"] * len(scores.rows)
    return [
        json.dumps([list(one) for one in zip(days, *pair, strict=True)])
        for pair in zip(won.tolist(), lost.tolist(), strict=True)
    ]


def _curve(curves: Curves) -> list[str]:
    edges = [None if math.isinf(edge) else edge for edge in curves.edges.tolist()]
    won, lost = curves.won.round(_DIGITS).tolist(), curves.lost.round(_DIGITS).tolist()
    pairs = zip(won, lost, strict=True)
    return [json.dumps([edges, *pair], separators=(",", ":")) for pair in pairs]
