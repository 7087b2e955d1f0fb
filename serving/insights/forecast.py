"""What a period's bookings will be: a distribution, from the open deals' own curves.

Each deal is won by the period's end with its probability, at an amount about the one that it is
expected to bring; deals not known yet come on top, see `arrivals`; and what all deals share (see
`shock`) multiplies the sum of both. Wins that happened and are not recorded yet are in the curves
of the deals that still look open, and in the arrivals of those that are not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.curve import Array
from serving.insights.arrivals import Coming

_SURE: Final = np.ones(1)
_DRAWN: Final = 500
"""Deals that are drawn one by one, those that matter most; the others' sum is nearly normal."""


@dataclass(frozen=True)
class Forecast:
    """Bookings of a period, in the amounts' currency.

    Attributes:
        won: booked already.
        expected: mean of the whole period's bookings.
        low: 10th percentile.
        median: 50th percentile.
        high: 90th percentile.
        from_open: what of the mean comes from open deals.
        from_new: what comes from deals not known yet.
        sd: standard deviation if deals were independent.
        percentiles: the 1st to the 99th.
    """

    won: float
    expected: float
    low: float
    median: float
    high: float
    from_open: float = 0.0
    from_new: float = 0.0
    sd: float = 0.0
    percentiles: tuple[float, ...] = ()

    def chance(self, target: float) -> float:
        """Return the chance to book at least so much, to a hundredth; 1 only of what is won."""
        if target <= self.won:
            return 1.0
        below = sum(one < target for one in self.percentiles)
        return 1.0 - (below + 0.5) / (len(self.percentiles) + 1)

    def crps(self, came: float) -> float:
        """Return the continuous ranked probability score against what came, in money.

        It is twice the mean pinball loss over the percentiles (Gneiting & Raftery 2007); of a
        forecast that names one number it is the absolute error.
        """
        levels = np.arange(1, 100) / 100
        error = came - np.array(self.percentiles)
        return float(2 * np.maximum(levels * error, (levels - 1) * error).mean())


def bookings(
    p_won: Array,
    amount: Array,
    won: float,
    seed: int,
    spread: Array = _SURE,
    draws: int = 10_000,
    coming: Coming | None = None,
    shock: float = 0.0,
) -> Forecast:
    """Forecast a period's bookings by Monte Carlo; see `fan`.

    Args:
        p_won: probability of each open deal of being won by the period's end, [n].
        amount: see `fan`.
        won: see `fan`.
        seed: see `fan`.
        spread: see `fan`.
        draws: see `fan`.
        coming: wins by the period's end of deals not known yet.
        shock: see `fan`.
    """
    new = None if coming is None else [coming]
    (told,) = fan(p_won[:, None], amount, won, seed, spread, draws, new, shock)
    return told


def fan(
    p_won: Array,
    amount: Array,
    won: float,
    seed: int,
    spread: Array = _SURE,
    draws: int = 10_000,
    coming: Sequence[Coming] | None = None,
    shock: float = 0.0,
) -> list[Forecast]:
    """Forecast what is booked by several moments by Monte Carlo: one fate of a deal for all.

    Args:
        p_won: probability of each open deal of being won by each moment, [n, k].
        amount: what it is expected to bring when won; nan counts as nothing, [n].
        won: what is booked already.
        seed: of the draws.
        spread: what deals may bring by what was expected, equally likely, of mean 1.
        draws: how many.
        coming: wins by each moment of deals not known yet, [k].
        shock: standard deviation of the factor that open deals and those to come share.
    """
    rng = np.random.default_rng(seed)
    amount = np.nan_to_num(amount)
    square = float((spread**2).mean())
    variance = (amount**2)[:, None] * (p_won * square - p_won**2)
    totals = _open_totals(p_won, amount, variance, spread, draws, rng)
    more = coming or [Coming(0.0, 0.0, 0.0)] * p_won.shape[1]
    factor = np.exp(shock * rng.standard_normal(draws) - shock**2 / 2) if shock else 1.0
    told = []
    for place, new in enumerate(more):
        total = won + factor * (totals[place] + new.draw(rng, draws))
        cuts = np.quantile(total, np.arange(1, 100) / 100).tolist()
        open_mean = float(p_won[:, place] @ amount)
        sd = float(np.sqrt(variance[:, place].sum() + new.wins * new.square))
        mean = won + open_mean + new.expected
        middle = (cuts[9], cuts[49], cuts[89])
        told.append(Forecast(won, mean, *middle, open_mean, new.expected, sd, tuple(cuts)))
    return told


def _open_totals(
    p_won: Array,
    amount: Array,
    variance: Array,
    spread: Array,
    draws: int,
    rng: np.random.Generator,
) -> Array:
    """Draw what the open deals bring by each moment, [k, draws]."""
    totals = np.zeros((p_won.shape[1], draws))
    if not len(amount):
        return totals
    matters = np.argsort(-variance.max(axis=1), kind="stable")
    drawn, others = matters[:_DRAWN], matters[_DRAWN:]
    for deal in drawn[(p_won[drawn].max(axis=1) * amount[drawn]) != 0]:
        fate = rng.random(draws)
        brings = amount[deal] * rng.choice(spread, draws)
        for place, chance in enumerate(p_won[deal]):
            totals[place] += brings * (fate < chance)
    if len(others):
        noise = rng.standard_normal(draws)
        mean = p_won[others].T @ amount[others]
        sd = np.sqrt(variance[others].sum(axis=0))
        totals += np.maximum(mean[:, None] + sd[:, None] * noise, 0.0)
    return totals
