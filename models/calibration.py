"""Calibrated hazards: one straight line on the log-odds of each cause, by group of bins.

Hazards are corrected, never the curves, so that won + lost + open stays 1 and curves stay
monotone. After Guo et al. (2017), vector scaling, with the multinomial log-loss as the measure.
The lines are held to "all deals are alike": thousands of closings hardly feel it, and where there
are forty it keeps the boosters from making more of differences than has been seen.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from models.curve import LOST, WON, Array

_LEAST_CLOSINGS: Final = 200
"""Closings of each cause that a group of bins must have to be corrected by itself."""
_PULL: Final = 10.0
"""How hard, in closings' worth, a line is held to nought: 40 closings keep 80 % of the slope."""


@dataclass(frozen=True)
class Calibration:
    """Lines by bin: log-odds against open become intercept + slope × log-odds.

    Attributes:
        intercept: [bins, 2], for won and lost.
        slope: [bins, 2].
    """

    intercept: Array
    slope: Array

    @classmethod
    def none(cls, bins: int) -> Self:
        """Return the correction that changes nothing."""
        return cls(np.zeros((bins, 2)), np.ones((bins, 2)))

    @classmethod
    def fit(
        cls,
        odds: Array,
        number: np.ndarray,
        cause: np.ndarray,
        bins: int,
        weight: Array | None = None,
    ) -> Self:
        """Fit the lines on predictions for rows that their boosters were not fitted on.

        Args:
            odds: log-odds of won and of lost against open within the bin, [rows, 2].
            number: which bin, [rows].
            cause: what happened, [rows].
            bins: how many bins there are.
            weight: how much each row counts, [rows].
        """
        calibration = cls.none(bins)
        weight = np.ones(len(odds)) if weight is None else weight
        for group in _groups(number, cause, bins):
            rows = np.isin(number, group)
            intercept, slope = _line(odds[rows], cause[rows], weight[rows])
            calibration.intercept[group], calibration.slope[group] = intercept, slope
        return calibration

    def apply(self, odds: Array, number: np.ndarray) -> Array:
        """Return the hazards of open, won and lost [rows, 3] from log-odds [rows, 2] by bin."""
        straight = self.intercept[number] + self.slope[number] * odds
        hazards: Array = softmax(np.column_stack([np.zeros(len(odds)), straight]), axis=1)
        return hazards

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        return {"intercept": self.intercept.tolist(), "slope": self.slope.tolist()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(np.array(document["intercept"]), np.array(document["slope"]))


def _groups(number: np.ndarray, cause: np.ndarray, bins: int) -> list[list[int]]:
    """Gather neighbouring bins until each group has enough closings of both causes."""
    counts = np.zeros((bins, 2))
    for column, which in enumerate((WON, LOST)):
        counts[:, column] = np.bincount(number[cause == which], minlength=bins)
    groups: list[list[int]] = [[]]
    for bin_ in range(bins):
        groups[-1].append(bin_)
        if (counts[groups[-1]].sum(axis=0) >= _LEAST_CLOSINGS).all():
            groups.append([])
    last = groups.pop()
    if not groups:
        return [last]
    groups[-1].extend(last)
    return groups


def _line(odds: Array, cause: np.ndarray, weight: Array) -> tuple[Array, Array]:
    """Minimise the log-loss over intercepts and slopes [2], about the mean log-odds."""
    mean = np.average(odds, axis=0, weights=weight)
    centred = odds - mean
    spread = np.average(centred**2, axis=0, weights=weight)
    pull = _PULL * np.concatenate([np.ones(2), spread])
    happened = np.column_stack([cause == WON, cause == LOST]).astype(float)

    def loss(line: Array) -> tuple[float, Array]:
        straight = mean + line[:2] + line[2:] * centred
        total = np.logaddexp.reduce(np.column_stack([np.zeros(len(odds)), straight]), axis=1)
        residual = weight[:, None] * (np.exp(straight - total[:, None]) - happened)
        value = weight @ (total - (happened * straight).sum(axis=1)) + pull @ line**2 / 2
        return value, np.concatenate([residual.sum(0), (residual * centred).sum(0)]) + pull * line

    line: Array = minimize(loss, np.array([0.0, 0.0, 1.0, 1.0]), jac=True, method="L-BFGS-B").x
    return mean + line[:2] - line[2:] * mean, line[2:]
