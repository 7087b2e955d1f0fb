"""What a period's bookings will be: a distribution, from the open deals' own curves.

Each deal is won by the period's end with its probability, independently of the others, at an
amount about the one that it is expected to bring. Left out for now: deals not created yet, and
shocks that all deals share; so the range is too narrow, and the middle too low early in a period.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.curve import Array

_SURE: Final = np.ones(1)


@dataclass(frozen=True)
class Forecast:
    """Bookings of a period, in the amounts' currency.

    Attributes:
        won: booked already.
        expected: mean of the whole period's bookings.
        low: 10th percentile.
        median: 50th percentile.
        high: 90th percentile.
    """

    won: float
    expected: float
    low: float
    median: float
    high: float


def bookings(
    p_won: Array,
    amount: Array,
    won: float,
    seed: int,
    spread: Array = _SURE,
    draws: int = 10_000,
) -> Forecast:
    """Forecast a period's bookings by Monte Carlo.

    Args:
        p_won: probability of each open deal of being won by the period's end, [n].
        amount: what it is expected to bring when won; nan counts as nothing, [n].
        won: what the period has booked already.
        seed: of the draws.
        spread: what deals may bring by what was expected, equally likely, of mean 1.
        draws: how many.
    """
    rng = np.random.default_rng(seed)
    amount = np.nan_to_num(amount)
    totals = np.full(draws, won)
    for p, value in zip(p_won, amount, strict=True):
        if p * value != 0:  # a deal at a time keeps the memory at [draws]
            totals += value * (rng.random(draws) < p) * rng.choice(spread, draws)
    low, median, high = np.quantile(totals, [0.1, 0.5, 0.9])
    return Forecast(won, won + float(p_won @ amount), float(low), float(median), float(high))
