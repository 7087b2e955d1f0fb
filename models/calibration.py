"""Calibrated chances: log-odds of each cause, blended and set straight by group of bins.

Hazards are corrected, never the curves, so that won + lost + open stays 1 and curves stay
monotone. With one source this is vector scaling after Guo et al. (2017); with several it is their
stacking (Wolpert 1992), with weights that are never below 0 (Breiman 1996). The measure is the
multinomial log-loss on rows that no source was fitted on. Weights are held to "all deals are
alike": thousands of closings hardly feel it, and where there are forty it keeps the sources from
making more of differences than has been seen.

How many close drifts, while what tells them apart does not. So after the blend each cause gets a
straight line over time, and what it says of the last row stands from then on.
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
"""How hard, in closings' worth, a blend is held to nought: 40 closings keep 80 % of the slope."""
_STEADY: Final = 100.0
"""How hard, in closings' worth, a drift's line is held level: a short history shows no drift."""


@dataclass(frozen=True)
class Calibration:
    """Blends by bin: log-odds become intercept + sum of slope × log-odds of a source.

    The causes are won and lost, each against open; or won alone, against lost.

    Attributes:
        intercept: [bins, causes].
        slope: [bins, causes, sources].
    """

    intercept: Array
    slope: Array

    @classmethod
    def none(cls, bins: int, causes: int = 2, sources: int = 1) -> Self:
        """Return the plain mean of the sources, which changes nothing where there is one."""
        return cls(np.zeros((bins, causes)), np.full((bins, causes, sources), 1.0 / sources))

    @classmethod
    def fit(
        cls,
        odds: Array,
        number: np.ndarray,
        cause: np.ndarray,
        bins: int,
        ago: Array | None = None,
    ) -> Self:
        """Fit the blends on predictions for rows that their sources were not fitted on.

        Args:
            odds: log-odds of each cause within the bin, [rows, causes, sources].
            number: which bin, [rows].
            cause: what happened, [rows].
            bins: how many bins there are.
            ago: how many years ago each row was, [rows], where the calibration is to hold from
                now on; else it holds of all rows alike.
        """
        happened = (cause[:, None] == np.array([WON, LOST])[: odds.shape[1]]).astype(float)
        calibration = cls.none(bins, *odds.shape[1:])
        for group in _groups(number, happened, bins):
            rows = np.isin(number, group)
            intercept, slope = _blend(odds[rows], happened[rows])
            calibration.intercept[group], calibration.slope[group] = intercept, slope
        if ago is not None:
            calibration.intercept[:] += _drift(calibration.straight(odds, number), happened, ago)
        return calibration

    def straight(self, odds: Array, number: np.ndarray) -> Array:
        """Return the log-odds of each cause against none, [rows, causes], by source and bin."""
        blended: Array = self.intercept[number] + (self.slope[number] * odds).sum(axis=2)
        return blended

    def apply(self, odds: Array, number: np.ndarray) -> Array:
        """Return the chances of none and of each cause, [rows, 1 + causes], by source and bin."""
        straight = np.column_stack([np.zeros(len(odds)), self.straight(odds, number)])
        chances: Array = softmax(straight, axis=1)
        return chances

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        return {"intercept": self.intercept.tolist(), "slope": self.slope.tolist()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(np.array(document["intercept"]), np.array(document["slope"]))


def _groups(number: np.ndarray, happened: Array, bins: int) -> list[list[int]]:
    """Gather neighbouring bins until each group has enough closings of every cause."""
    counts = np.column_stack([np.bincount(number, one, minlength=bins) for one in happened.T])
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


def _blend(odds: Array, happened: Array) -> tuple[Array, Array]:
    """Minimise the log-loss over intercepts [causes] and slopes [causes, sources].

    Slopes are about the mean log-odds, so that intercepts alone move the totals.
    """
    _, causes, sources = odds.shape
    mean = odds.mean(axis=0)
    centred = odds - mean
    level = mean.mean(axis=1)
    pull = _PULL * np.concatenate([np.ones(causes), (centred**2).mean(axis=0).ravel()])

    def loss(blend: Array) -> tuple[Any, Array]:
        slope = blend[causes:].reshape(causes, sources)
        straight = level + blend[:causes] + (slope * centred).sum(axis=2)
        value, residual = _log_loss(straight, happened)
        slopes = np.einsum("rc,rcs->cs", residual, centred)
        gradient = np.concatenate([residual.sum(axis=0), slopes.ravel()])
        return value + pull @ blend**2 / 2, gradient + pull * blend

    start = np.concatenate([np.zeros(causes), np.full(causes * sources, 1.0 / sources)])
    bounds = [(None, None)] * causes + [(0.0, None)] * (causes * sources)
    blend: Array = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    slope = blend[causes:].reshape(causes, sources)
    return level + blend[:causes] - (slope * mean).sum(axis=1), slope


def _drift(straight: Array, happened: Array, ago: Array) -> Array:
    """Minimise the log-loss over a line in time for each cause; return what it says of now."""
    causes = straight.shape[1]

    def loss(line: Array) -> tuple[Any, Array]:
        now, earlier = line[:causes], line[causes:]
        value, residual = _log_loss(straight + now + ago[:, None] * earlier, happened)
        gradient = np.concatenate([residual.sum(axis=0), ago @ residual + _STEADY * earlier])
        return value + _STEADY * (earlier @ earlier) / 2, gradient

    line: Array = minimize(loss, np.zeros(2 * causes), jac=True, method="L-BFGS-B").x
    return line[:causes]


def _log_loss(straight: Array, happened: Array) -> tuple[Any, Array]:
    """Return the sum of the rows' log-losses, and how much too much was said of each cause."""
    total = np.logaddexp.reduce(np.column_stack([np.zeros(len(straight)), straight]), axis=1)
    said_less_came: Array = np.exp(straight - total[:, None]) - happened
    return (total - (happened * straight).sum(axis=1)).sum(), said_less_came
