"""Scores: what a bundle says of open deals, all of it read off their curves."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

import numpy as np
import polars as pl

from data.moments import DAY, to_moment
from models.curve import Array, Curves
from models.grade import grade, score
from models.reasons import Explanation

RANGE: Final = {"median": 0.5, "from": 0.1, "to": 0.9}
"""The quantiles that tell when something happens, and within which 80 % range."""
_FAR: Final = 36_525.0
"""Days: a century. What happens later is told as then, since a calendar has an end."""


def days_until(day: date, as_of: int) -> float:
    """Return the days from a moment to the end of a date (UTC)."""
    return (to_moment(datetime.combine(day, time(), UTC)) - as_of) / DAY + 1.0


@dataclass(frozen=True)
class Scores:
    """What a bundle says of n open deals at one moment.

    Attributes:
        rows: the feature rows that were scored, sorted by deal_id, [n].
        curves: their curves over the days ahead, [n].
        as_of: the moment (microseconds of UTC).
        horizons_days: the pipeline's horizons; none where timing is unknown.
        grades: the lowest scores of the grades A, B and C.
        amounts: the expected amounts at close, should they be won, [n]; nan without an amount.
        earlier: deal_id and curve's end a while before, as p_won, of those that were open then;
            None when the trend was not asked for.
        why: for each deal the parts of its score and the reasons; None when not asked for.
    """

    rows: pl.DataFrame
    curves: Curves
    as_of: int
    horizons_days: tuple[int, ...]
    grades: tuple[int, int, int]
    amounts: Array
    earlier: pl.DataFrame | None = None
    why: list[Explanation] | None = None

    def at(self, days: Sequence[int]) -> pl.DataFrame:
        """Return deal_id, as_of, days_ahead, p_won, p_lost: a row per deal and day, in order.

        The probabilities are null where timing is unknown.
        """
        return self._chances("days_ahead", pl.Int64(), {day: day for day in days})

    def written(self) -> list[str]:
        """Return the chances at the horizons as JSON, [[days, p_won, p_lost], …] of each deal."""
        curves, days = self.curves, self.horizons_days
        read = [np.column_stack([curves.won_by(day), curves.lost_by(day)]) for day in days]
        told = np.stack(read, axis=1).tolist() if days else [[] for _ in range(len(curves))]
        return [
            json.dumps([[day, *pair] for day, pair in zip(days, pairs, strict=True)])
            for pairs in told
        ]

    def by(self, dates: Sequence[date]) -> pl.DataFrame:
        """Return deal_id, as_of, date, p_won, p_lost: what is so when a date (UTC) is over."""
        ahead = {day: days_until(day, self.as_of) for day in dates}
        return self._chances("date", pl.Date(), ahead)

    def eventually(self) -> pl.DataFrame:
        """Return deal_id, p_won, p_lost: what will have become of each deal in the end."""
        won, lost = self.curves.won_by(math.inf), self.curves.lost_by(math.inf)
        return self.rows.select("deal_id", p_won=pl.Series(won), p_lost=pl.Series(lost))

    def graded(self) -> pl.DataFrame:
        """Return deal_id, score, grade and trend, see `models.grade`.

        The trend is the score less that of a while before; null where the deal was not open then,
        or it was not asked for.
        """
        said = score(self.curves.won_by(math.inf))
        told = self.rows.select(
            "deal_id", score=pl.Series(said), grade=pl.Series(grade(said, self.grades).astype(str))
        )
        if self.earlier is None:
            return told.with_columns(trend=pl.lit(None, pl.Int64))
        before = self.earlier.select(
            "deal_id", before=pl.Series(score(self.earlier["p_won"].to_numpy()))
        )
        return told.join(before, on="deal_id", how="left", maintain_order="left").select(
            "deal_id", "score", "grade", trend=pl.col("score") - pl.col("before")
        )

    def amount_at_close(self) -> pl.DataFrame:
        """Return deal_id and amount_at_close: what it brings, given that it is won, or null."""
        amounts = pl.Series(self.amounts, dtype=pl.Float64).fill_nan(None)
        return self.rows.select("deal_id", amount_at_close=amounts)

    def closing(self) -> pl.DataFrame:
        """Return deal_id and when each deal is won, given that it is; null where it never is.

        The columns close_median, close_from and close_to are moments.
        """
        return self._moments("close", self.curves.close_days)

    def ending(self) -> pl.DataFrame:
        """Return deal_id and when each deal is won or lost; null where it never is.

        The columns end_median, end_from and end_to are moments.
        """
        return self._moments("end", self.curves.end_days)

    def _chances(self, place: str, kind: pl.DataType, days: Mapping[Any, float]) -> pl.DataFrame:
        read = [
            self.rows.select(
                "deal_id",
                pl.lit(self.as_of, pl.Int64).alias("as_of"),
                pl.lit(where, kind).alias(place),
                p_won=pl.Series(self.curves.won_by(day)).fill_nan(None),
                p_lost=pl.Series(self.curves.lost_by(day)).fill_nan(None),
            )
            for where, day in days.items()
        ]
        return pl.concat(read).sort("deal_id", place)

    def _moments(self, name: str, days: Callable[[float], Array]) -> pl.DataFrame:
        ahead = {
            f"{name}_{end}": pl.Series(np.minimum(days(quantile), _FAR)).fill_nan(None)
            for end, quantile in RANGE.items()
        }
        return self.rows.select(
            "deal_id",
            **{
                column: self.as_of + (days * DAY).round().cast(pl.Int64)
                for column, days in ahead.items()
            },
        )
