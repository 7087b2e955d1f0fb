"""Scores: what a bundle says of open deals, all of it read off their curves."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from itertools import compress
from typing import Any, Final, Self

import numpy as np
import polars as pl
from msgspec.json import encode

from data.moments import DAY, to_moment
from models.curve import Array, Curves
from models.grade import grade, score
from models.reasons import Explanation

RANGE: Final = {"median": 0.5, "from": 0.1, "to": 0.9}
"""The quantiles that tell when something happens, and within which 80 % range."""
_FAR: Final = 36_525.0
"""Days: a century. What happens later is told as then, since a calendar has an end."""


def days_until(day: date, as_of: int | np.ndarray) -> Any:
    """Return the days from a moment, or from each of several, to the end of a date (UTC)."""
    return (to_moment(datetime.combine(day, time(), UTC)) - as_of) / DAY + 1.0


@dataclass(frozen=True)
class Scores:
    """What a bundle says of n open deals, at one moment or each at its own.

    Attributes:
        rows: the feature rows that were scored, sorted by deal_id, [n].
        curves: their curves over the days ahead, [n].
        as_of: the moment (microseconds of UTC); the last of them where each has its own.
        horizons_days: the pipeline's horizons; none where timing is unknown.
        grades: the lowest scores of the grades A, B and C.
        amounts: the expected amounts at close, should they be won, [n]; nan without an amount.
        earlier: deal_id and curve's end a while before, as p_won, of those that were open then;
            None when the trend was not asked for.
        why: for each deal the parts of its score and the reasons; None where not asked
            for.
        moments: of each deal its own, [n]; None where all have one.
        answered: their curves had they just had a week's contact, [n], see `serving.contact`; None
            when not asked for, or where nothing tells them.
    """

    rows: pl.DataFrame
    curves: Curves
    as_of: int
    horizons_days: tuple[int, ...]
    grades: tuple[int, int, int]
    amounts: Array
    earlier: pl.DataFrame | None = None
    why: Sequence[Explanation | None] | None = None
    moments: np.ndarray | None = None
    answered: Curves | None = None

    @property
    def each(self) -> np.ndarray:
        """The moment of each deal, [n]."""
        return np.full(len(self.rows), self.as_of) if self.moments is None else self.moments

    def take(self, which: np.ndarray) -> Self:
        """Return the scores of some deals, given as a mask, [n]."""
        return replace(
            self,
            rows=self.rows.filter(which),
            curves=self.curves.take(which),
            amounts=self.amounts[which],
            why=None if self.why is None else list(compress(self.why, which)),
            moments=self.each[which],
            answered=None if self.answered is None else self.answered.take(which),
        )

    def at(self, days: Sequence[int]) -> pl.DataFrame:
        """Return deal_id, as_of, days_ahead, p_won, p_lost: a row per deal and day, in order.

        The probabilities are null where timing is unknown.
        """
        ahead, deals = np.array(sorted(set(days))), len(self.rows)
        won, lost = (
            read(ahead[:, None]).T.ravel() for read in (self.curves.won_by, self.curves.lost_by)
        )
        return pl.DataFrame(
            {
                "deal_id": self.rows["deal_id"][np.repeat(np.arange(deals), len(ahead))],
                "as_of": np.repeat(self.each, len(ahead)),
                "days_ahead": np.tile(ahead, deals),
                "p_won": _known(won),
                "p_lost": _known(lost),
            }
        )

    def pairs(self, days: Array) -> list[list[list[float]]]:
        """Return p_won and p_lost of each deal at each of k days, [n, k, 2]; see `Curves.won_by`.

        Args:
            days: ahead, [k, 1], or [k, n] where each deal has its own.
        """
        read = np.stack([self.curves.won_by(days).T, self.curves.lost_by(days).T], axis=2)
        told: list[list[list[float]]] = read.tolist()
        return told

    def written(self) -> list[str]:
        """Return the chances at the horizons as JSON, [[days, p_won, p_lost], …] of each deal."""
        days = self.horizons_days
        return [
            encode([[day, *pair] for day, pair in zip(days, pairs, strict=True)]).decode()
            for pairs in self.pairs(np.array(days)[:, None])
        ]

    @cached_property
    def _end(self) -> tuple[Array, Array]:
        return self.curves.won_by(math.inf), self.curves.lost_by(math.inf)

    def eventually(self) -> pl.DataFrame:
        """Return deal_id, p_won, p_lost: what will have become of each deal in the end."""
        won, lost = self._end
        return self._frame(p_won=pl.Series(won), p_lost=pl.Series(lost))

    def graded(self) -> pl.DataFrame:
        """Return deal_id, score, grade and trend, see `models.grade`.

        The trend is the score less that of a while before; null where the deal was not open then,
        or it was not asked for.
        """
        said = score(self._end[0])
        letters = grade(said, self.grades).astype(str)
        before: dict[str, int] = {}
        if self.earlier is not None:
            scores = score(self.earlier["p_won"].to_numpy()).tolist()
            before = dict(zip(self.earlier["deal_id"], scores, strict=True))
        trend = [
            now - before[deal] if deal in before else None
            for deal, now in zip(self.rows["deal_id"], said.tolist(), strict=True)
        ]
        return self._frame(
            score=pl.Series(said),
            grade=pl.Series(letters.tolist(), dtype=pl.String),
            trend=pl.Series(trend, dtype=pl.Int64),
        )

    def amount_at_close(self) -> pl.DataFrame:
        """Return deal_id and amount_at_close: what it brings, given that it is won, or null."""
        return self._frame(amount_at_close=_known(self.amounts))

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

    # frames are put together column by column: each expression would cost a request a query

    def _frame(self, **columns: pl.Series) -> pl.DataFrame:
        return pl.DataFrame({"deal_id": self.rows["deal_id"], **columns})

    def _moments(self, name: str, days: Callable[[Array], Array]) -> pl.DataFrame:
        ahead = days(np.array(list(RANGE.values()))[:, None])
        moments = np.rint(np.minimum(ahead, _FAR) * DAY) + self.each
        told = zip(RANGE, moments, strict=True)
        return self._frame(**{f"{name}_{end}": _known(one).cast(pl.Int64) for end, one in told})


def _known(values: Array) -> pl.Series:
    return pl.Series(values, dtype=pl.Float64, nan_to_null=True)
