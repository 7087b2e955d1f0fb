"""Recalibrated hazards: one straight line on the log-odds of each cause, by group of bins.

Hazards are corrected, never the curves, so that won + lost + open stays 1 and curves stay
monotone. After Guo et al. (2017), vector scaling, with the multinomial log-loss as the measure.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from models.curve import LOST, OPEN, WON, Array

_LEAST_CLOSINGS: Final = 200
"""Closings of each cause that a group of bins must have to be corrected by itself."""
_PULL: Final = 10.0
"""How hard, in observations' worth of log-loss, a line is held to "no correction"."""
_TINY: Final = 1e-9


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
    def fit(cls, hazards: Array, number: np.ndarray, cause: np.ndarray, bins: int) -> Self:
        """Fit the lines on predictions for rows that their model was not fitted on.

        Args:
            hazards: probabilities of open, won, lost within the bin, [rows, 3].
            number: which bin, [rows].
            cause: what happened, [rows].
            bins: how many bins there are.
        """
        calibration = cls.none(bins)
        for group in _groups(number, cause, bins):
            rows = np.isin(number, group)
            line = _line(_log_odds(hazards[rows]), cause[rows])
            calibration.intercept[group], calibration.slope[group] = line[:2], line[2:]
        return calibration

    def apply(self, hazards: Array, number: np.ndarray) -> Array:
        """Correct hazards [rows, 3] of the given bins [rows]."""
        odds = self.intercept[number] + self.slope[number] * _log_odds(hazards)
        corrected: Array = softmax(np.column_stack([np.zeros(len(odds)), odds]), axis=1)
        return corrected

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        return {"intercept": self.intercept.tolist(), "slope": self.slope.tolist()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(np.array(document["intercept"]), np.array(document["slope"]))


def _log_odds(hazards: Array) -> Array:
    safe = np.clip(hazards, _TINY, None)
    odds: Array = np.log(safe[:, [WON, LOST]] / safe[:, [OPEN]])
    return odds


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
    if groups:
        groups[-1].extend(last)
    return groups


def _line(log_odds: Array, cause: np.ndarray) -> Array:
    """Minimise the log-loss over (intercepts, slopes), held gently to (0, 0, 1, 1)."""
    identity = np.array([0.0, 0.0, 1.0, 1.0])
    happened = np.column_stack([cause == WON, cause == LOST]).astype(float)

    def loss(line: Array) -> tuple[float, Array]:
        odds = line[:2] + line[2:] * log_odds
        total = np.logaddexp.reduce(np.column_stack([np.zeros(len(odds)), odds]), axis=1)
        residual = np.exp(odds - total[:, None]) - happened
        pull = _PULL * (line - identity)
        value = (total - (happened * odds).sum(axis=1)).sum() + pull @ (line - identity) / 2
        return value, np.concatenate([residual.sum(0), (residual * log_odds).sum(0)]) + pull

    fitted: Array = minimize(loss, identity, jac=True, method="L-BFGS-B").x
    return fitted
