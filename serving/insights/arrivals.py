"""Deals that are not known yet: how many will come by a date, be won by it, and what they bring.

Known deals come at a rate, and each is won within s days of becoming known with probability F(s),
the Aalen-Johansen estimate over the deals of the last year. So of those to come, the wins by d days
from now are Poisson with mean rate · (F(0) + … + F(d)), each at an amount as of the deals won
lately. What the calendar does to that (a rush at quarters' ends) is read off the periods before:
the wins of deals that came as late in them, against what this formula says of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl

from data.moments import DAY
from models.baselines.stage import aalen_johansen
from models.curve import LOST, OPEN, WON, Array
from serving.insights.period import Period

_LONGEST: Final = 400
"""Days for which F is kept."""
_YEAR: Final = 364 * DAY
_RECENT: Final = 182
"""Days that the rate is of."""
_PERIODS: Final = 8
"""How many periods before are looked at."""
_PRIOR: Final = 10.0
"""Wins by which the calendar's factor is held to 1."""


@dataclass(frozen=True)
class Coming:
    """Wins of deals to come.

    Attributes:
        wins: their expected number.
        amount: the mean amount of one.
        square: the mean squared amount of one.
    """

    wins: float
    amount: float
    square: float

    @property
    def expected(self) -> float:
        """What they are expected to bring."""
        return self.wins * self.amount

    def draw(self, rng: np.random.Generator, draws: int) -> Array:
        """Draw what they bring, [draws]: a Poisson number of gamma amounts."""
        if self.expected <= 0:
            return np.zeros(draws)
        variance = max(self.square - self.amount**2, 1e-9 * self.square)
        shape, scale = self.amount**2 / variance, variance / self.amount
        number = rng.poisson(self.wins, draws)
        drawn: Array = rng.gamma(np.maximum(number * shape, 1e-12), scale) * (number > 0)
        return drawn


@dataclass(frozen=True)
class Arrivals:
    """What is known of how deals come and are won.

    Attributes:
        won_by: F: the chance to be won within 0, 1, … days of becoming known, [days].
        amount: mean amount of the deals won within the last year.
        square: their mean squared amount.
    """

    won_by: Array
    amount: float
    square: float

    @classmethod
    def fit(cls, deals: pl.DataFrame, as_of: int) -> Self:
        """Fit on the deals known within the last year.

        Args:
            deals: columns recorded_at, closed_at, outcome, value.
            as_of: the moment they are known at.
        """
        lately = deals.filter(pl.col("recorded_at") > as_of - _YEAR)
        until = (pl.col("closed_at").fill_null(as_of) - pl.col("recorded_at")).clip(lower_bound=0)
        told = (
            lately.select(
                days=until // DAY,
                cause=pl.col("outcome").replace_strict({"open": OPEN, "won": WON, "lost": LOST}),
            )
            .group_by("days", "cause")
            .agg(count=pl.len().cast(pl.Float64))
            .sort("days", "cause")
        )
        days, cause = told["days"].to_numpy().astype(float), told["cause"].to_numpy()
        closes = np.where(cause == OPEN, np.inf, days)
        edges = np.arange(_LONGEST + 1.0)
        won_by: Array = np.zeros(len(edges))
        if len(told):
            won_by, _ = aalen_johansen(closes, cause, days, edges, told["count"].to_numpy())
        won = deals.filter(pl.col("outcome") == "won", pl.col("closed_at") > as_of - _YEAR)
        values = won["value"].drop_nulls().to_numpy()
        mean, square = (values.mean(), (values**2).mean()) if len(values) else (0.0, 0.0)
        return cls(won_by, float(mean), float(square))

    def coming(
        self, deals: pl.DataFrame, as_of: int, period: Period, days: Sequence[float]
    ) -> list[Coming]:
        """Return the wins within some days from now of deals not known yet, for each of the days.

        Args:
            deals: those in scope, whose rate counts.
            as_of: the moment.
            period: the period that the days lie in, for the calendar's factor.
            days: how far ahead.
        """
        left = period.days_left(as_of)
        first = as_of - round(_PERIODS * period.days + _RECENT + left + 31) * DAY
        lately = deals.filter(pl.col("recorded_at") > first).select(
            "recorded_at", won_at=pl.when(pl.col("outcome") == "won").then("closed_at")
        )
        recorded = np.sort(lately["recorded_at"].to_numpy())
        since = int(deals["recorded_at"].to_numpy().min(initial=as_of))
        said, came = 0.0, 0
        for past in _before(period, since):
            at = past.ends_at - round(left * DAY)
            said += self._wins(recorded, at, left)
            later = pl.col("recorded_at") > at
            came += len(lately.filter(later, pl.col("won_at") < past.ends_at))
        factor = (came + _PRIOR) / (said + _PRIOR)
        wins = [self._wins(recorded, as_of, ahead) * factor for ahead in days]
        return [Coming(one, self.amount, self.square) for one in wins]

    def _wins(self, recorded: np.ndarray, at: int, days: float) -> float:
        """Return rate · the sum of F over the days ahead; moments ascend."""
        start, end = np.searchsorted(recorded, [at - _RECENT * DAY, at], side="right")
        summed = np.concatenate([[0.0], np.cumsum(self.won_by)])
        days = min(max(days, 0.0), float(len(summed) - 1))
        return float((end - start) / _RECENT * np.interp(days, np.arange(len(summed)), summed))


def _before(period: Period, first: int) -> list[Period]:
    """Return the periods before one of which the rate half a year back is known."""
    found = []
    for _ in range(_PERIODS):
        period = period.before()
        if period.starts_at - _RECENT * DAY < first:
            break
        found.append(period)
    return found
