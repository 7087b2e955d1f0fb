"""What a desk says of itself: whose it is, at which moment, by what, in which currency."""

from typing import Final

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict

from data.practice import Practice
from serving.insights.arrivals import Arrivals
from serving.insights.money import Exchange, Unpriced
from serving.insights.period import Kind, Period, period_of

FORECAST: Final[tuple[Kind, ...]] = ("week", "month", "quarter")
"""The kinds of period that bookings are forecast for."""


class About(BaseModel):
    """The head of a desk, in JSON beside its tables. Moments are microseconds of UTC."""

    model_config = ConfigDict(frozen=True)

    pipeline: str
    as_of: int
    created_at: int
    bundle: str
    serves: str
    serving: dict[str, str]
    dated: bool
    won_word: str
    stages: tuple[str, ...]
    horizons_days: tuple[int, ...]
    ends: tuple[int, ...]
    """The moments by which each open deal's chance is told: column won_by_<moment>."""
    currency: str | None
    unpriced: tuple[tuple[str, int, float], ...]
    practice: Practice
    spread: tuple[float, ...]
    """Final amounts by what was expected, equally likely."""
    shocks: dict[Kind, float]
    """The standard deviation of the factor that all deals share, by kind of period."""
    shocks_from: str
    """`backtests` of this pipeline's forecasts, or `stages`: replays by stage alone."""
    won_by: tuple[float, ...]
    """F of deals not known yet, see `insights.arrivals`."""
    stage_rates: dict[str, float]
    """Of the deals closed within a year that stood in a stage, the share won."""
    won_mean: float
    won_square: float

    @property
    def exchange(self) -> Exchange:
        """The exchange rates."""
        return Exchange(self.currency, self.practice.rates)

    @property
    def arrivals(self) -> Arrivals:
        """How deals come and are won."""
        return Arrivals(np.array(self.won_by), self.won_mean, self.won_square)

    @property
    def rates(self) -> pl.DataFrame:
        """The win rate by stage: stage and rate."""
        rows = list(self.stage_rates.items())
        return pl.DataFrame(rows, schema={"stage": pl.String, "rate": pl.Float64}, orient="row")

    @property
    def without_rate(self) -> list[Unpriced]:
        """Amounts that are in no sum."""
        return [Unpriced(*one) for one in self.unpriced]

    def period(self, kind: Kind) -> Period:
        """Return the period of a kind that the desk's moment lies in."""
        return period_of(kind, self.as_of)


def ends_of(as_of: int) -> tuple[int, ...]:
    """Return the moments that forecasts are told for: ends of the periods and of each week.

    They reach to the end of the quarter, and to that of the next one.
    """
    quarter = period_of("quarter", as_of)
    ends = {period_of(kind, as_of).ends_at for kind in FORECAST}
    ends.add(period_of("quarter", quarter.ends_at).ends_at)
    week = period_of("week", as_of)
    while week.ends_at < quarter.ends_at:
        ends.add(week.ends_at)
        week = period_of("week", week.ends_at)
    return tuple(sorted(ends))


def won_by(end: int) -> str:
    """Return the column of the chance to be won by a moment."""
    return f"won_by_{end}"
