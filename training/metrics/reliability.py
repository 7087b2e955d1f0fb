"""Reliability by isotonic recalibration, CORP: Dimitriadis, Gneiting & Jordan (2021).

The pool-adjacent-violators algorithm gives the share that came among deals of which about the
same was said, without bins of anybody's choice. With S the mean score of what was said, R of
the recalibrated and U of the share that came among all, S = (S - R) - (U - R) + U:
miscalibration, less discrimination, plus uncertainty.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import isotonic_regression

from models.curve import Array
from training.metrics.intervals import Draws

_BAND_DRAWS: Final = 200
_BAND: Final = (0.025, 0.975)
_TINY: Final = 1e-12


@dataclass(frozen=True)
class Decomposition:
    """A mean score in parts: score = miscalibration - discrimination + uncertainty.

    Attributes:
        score: of what was said.
        miscalibration: what recalibration would save; 0 is best.
        discrimination: what the recalibrated saves against the same chance for all.
        uncertainty: of the same chance for all.
    """

    score: float
    miscalibration: float
    discrimination: float
    uncertainty: float


@dataclass(frozen=True)
class Reliability:
    """Said against came.

    Attributes:
        said: probabilities, ascending, [m].
        came: share that came among deals of which that was said, never falling, [m].
        low: the lower end of its 95 % band, [m].
        high: the upper end, [m].
    """

    said: Array
    came: Array
    low: Array
    high: Array


def recalibrated(said: Array, came: Array, at: Array, weights: Array | None = None) -> Array:
    """Return the share that came where something was said, by pool-adjacent-violators.

    Between two values that were said it is read on a straight line.

    Args:
        said: probabilities, [n].
        came: 0 or 1, or a share, [n].
        at: where to read, [m].
        weights: of each, above 0, [n]; 1 by default.
    """
    weights = np.ones(len(said)) if weights is None else weights
    values, place = np.unique(said, return_inverse=True)
    weight = np.bincount(place, weights)
    share = np.bincount(place, weights * came) / weight
    read: Array = np.interp(at, values, isotonic_regression(share, weights=weight).x)
    return read


def decompose(
    said: Array, came: Array, score: Callable[[Array, np.ndarray], Array]
) -> Decomposition:
    """Decompose the mean of `score` for probabilities [n] of what came, 0 or 1, [n]."""
    told = score(said, came).mean()
    best = score(recalibrated(said, came, said), came).mean()
    plain = score(np.full(len(came), came.mean()), came).mean()
    return Decomposition(float(told), float(told - best), float(plain - best), float(plain))


def squared(said: Array, came: np.ndarray) -> Array:
    """The Brier score of two classes, [n]."""
    score: Array = (said - came) ** 2
    return score


def logarithmic(said: Array, came: np.ndarray) -> Array:
    """The log-loss of two classes, [n]."""
    given = np.where(came == 1, said, 1.0 - said)
    score: Array = -np.log(np.clip(given, _TINY, 1.0))
    return score


def reliability(
    said: Array, came: np.ndarray, groups: np.ndarray, draws: Draws, points: int = 101
) -> Reliability:
    """Return the reliability curve at points spread over the deals, with its band.

    The band is of the curve itself: recalibrated on each draw of whole accounts.

    Args:
        said: probabilities, [n].
        came: 0 or 1, [n].
        groups: accounts or deals, [n].
        draws: of the groups.
        points: how many quantiles of what was said.
    """
    at = np.unique(np.quantile(said, np.linspace(0, 1, points)))
    near, place = np.unique(np.round(said, 3), return_inverse=True)  # nobody sees finer bands
    drawn = []
    for times in draws.times(groups, _BAND_DRAWS):
        weight, hits = (np.bincount(place, one).astype(float) for one in (times, times * came))
        some = weight > 0
        if some.any():
            shares = hits[some] / weight[some]
            drawn.append(recalibrated(near[some], shares, at, weight[some]))
    low, high = np.quantile(drawn, _BAND, axis=0)
    return Reliability(at, recalibrated(said, came, at), low, high)
