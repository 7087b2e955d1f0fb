"""Segments: what each deal was at its origin, and how forecasts did for each kind of deal."""

import itertools
from dataclasses import dataclass
from typing import Final

import narwhals as nw
import numpy as np
import polars as pl

from data.moments import DAY
from data.tables import Tables, collect
from features.held import held
from training.forecasts import Forecasts
from training.judged import Judged, judge
from training.metrics import Draws

SEGMENTS: Final = ("stage", "amount", "tenure", "source", "product", "team")
"""What deals are divided by: amount and the owner's tenure in quartiles, the rest by word."""
FEWEST: Final = 30
"""Deals that a segment needs to stand by itself."""
OTHERS: Final = "others"
UNKNOWN: Final = "unknown"


def known_then(known: Tables, rows: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """Return what was known at an origin of its deals, a row each in the order of `rows`.

    Tenure is the days since the owner was hired, or where that is not told, since their first
    deal came to them.

    Args:
        known: the tables as they stood at the origin.
        rows: feature rows of its deals.
        as_of: the origin (microseconds of UTC).

    Returns:
        deal_id, as_of, owner_id and a column for each of `SEGMENTS`.
    """
    owners = collect(known.owners.select("owner_id", "team", "hired_at"))
    taken = known.changes.filter(nw.col("field") == "owner_id", ~nw.col("value").is_null())
    first = collect(taken.group_by("value").agg(first_at=nw.col("at").min()))
    since = (as_of - pl.coalesce("hired_at", "first_at")) / DAY
    return (
        rows.select("deal_id", "as_of", "stage", "amount", "source", "product")
        .join(held(known).select("deal_id", "owner_id"), on="deal_id", how="left")
        .join(owners, on="owner_id", how="left")
        .join(first, left_on="owner_id", right_on="value", how="left")
        .select(
            "deal_id", "as_of", "owner_id", "stage", "amount", since.alias("tenure"), *SEGMENTS[3:]
        )
    )


@dataclass(frozen=True)
class Segment:
    """How forecasts did for one kind of deal.

    Attributes:
        by: what the deals are divided by, of `SEGMENTS`.
        name: the word, the band, `UNKNOWN` or `OTHERS`.
        judged: its figures.
    """

    by: str
    name: str
    judged: Judged


def segments(forecasts: Forecasts, draws: Draws) -> list[Segment]:
    """Judge every kind of deal by itself; a division that does not divide is left out."""
    return [
        Segment(by, name, judge(forecasts.take(rows), draws))
        for by in SEGMENTS
        for kinds in [divide(forecasts.deals[by])]
        if len(kinds) > 1
        for name, rows in kinds
    ]


def divide(column: pl.Series) -> list[tuple[str, np.ndarray]]:
    """Divide deals by a column, numbers in quartiles and words by themselves.

    Returns:
        Names with the mask of their deals: bands ascending, words by number of deals, then
        `UNKNOWN` for those without a value and `OTHERS` for what has fewer than `FEWEST`.
    """
    kinds = _bands(column) if column.dtype.is_numeric() else _words(column)
    kinds = [*kinds, (UNKNOWN, column.is_null().to_numpy())]
    large = [(name, rows) for name, rows in kinds if rows.sum() >= FEWEST]
    rest = ~np.any([np.zeros(len(column), dtype=bool), *(rows for _, rows in large)], axis=0)
    return [*large, (OTHERS, rest)] if rest.any() else large


def _bands(column: pl.Series) -> list[tuple[str, np.ndarray]]:
    """Cut at the quartiles; where they meet, or meet an end, there are fewer bands."""
    values = column.cast(pl.Float64).to_numpy()
    known = values[~np.isnan(values)]
    if not len(known):
        return []
    cuts = np.unique(np.quantile(known, [0.25, 0.5, 0.75]))
    ends = [-np.inf, *cuts[cuts < known.max()], np.inf]
    return [
        (_band(low, high), (low < values) & (values <= high))
        for low, high in itertools.pairwise(ends)
    ]


def _band(low: float, high: float) -> str:
    if np.isinf(low):
        return "all" if np.isinf(high) else f"≤ {_number(high)}"
    return f"> {_number(low)}" if np.isinf(high) else f"{_number(low)} – {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"


def _words(column: pl.Series) -> list[tuple[str, np.ndarray]]:
    counts = column.drop_nulls().value_counts().sort("count", column.name, descending=[True, False])
    return [(word, (column == word).fill_null(False).to_numpy()) for word in counts[column.name]]
