"""Intervals by a bootstrap that draws whole accounts."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.curve import Array

_DRAWS: Final = 1000
_SEED: Final = 0


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    mean: float
    low: float
    high: float


class Draws:
    """Accounts drawn with replacement, once for all figures of a backtest.

    What befalls one account's deals hangs together, and a deal comes again at the next origin.
    So an account is drawn with all its deals of all origins, and every figure is computed on the
    same draws (Efron & Tibshirani 1993, ch. 8).
    """

    def __init__(self, groups: np.ndarray, seed: int = _SEED, draws: int = _DRAWS) -> None:
        """Draw as often as there are different `groups` (accounts or deals), `draws` times."""
        self._groups = np.unique(groups)
        size = len(self._groups)
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(size, np.full(size, 1 / size), size=draws)
        self._times: np.ndarray = drawn.astype(np.float32)  # small counts, exact; half the memory

    def times(self, groups: np.ndarray, draws: int) -> Array:
        """Return how often each row's group was drawn in the first draws, [draws, n]."""
        drawn: Array = self._times[:draws, np.searchsorted(self._groups, groups)]
        return drawn

    def mean(self, groups: np.ndarray, values: np.ndarray) -> Interval:
        """Return the mean of values [n], whose rows belong to groups [n]."""
        return self.ratio(groups, values, np.ones(len(values)))

    def ratio(self, groups: np.ndarray, over: np.ndarray, under: np.ndarray) -> Interval:
        """Return sum over / sum under of values [n]; nan where nothing is under.

        The ends are draws themselves, not means of two, so that a draw without anything under
        it can be an end, and is infinite.
        """
        if not np.any(under):
            return Interval(math.nan, math.nan, math.nan)
        place = np.searchsorted(self._groups, groups)
        sums = [np.bincount(place, values, len(self._groups)) for values in (over, under)]
        above, below = (self._times @ np.column_stack(sums).astype(np.float32)).T
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = np.nanquantile(above / below, [0.025, 0.975], method="nearest")
            return Interval(float(np.sum(over) / np.sum(under)), float(low), float(high))
