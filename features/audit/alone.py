"""How well one column alone tells who is won: learned on earlier deals, judged on later ones."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import rankdata

Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

TAUGHT: Final = 0.8
"""The share of records that teach, the earlier ones; the later ones judge."""
_PULL: Final = 20
"""Records at the overall rate that each cell's own are mixed with."""
_CELLS: Final = 20
_PER_CELL: Final = 40
"""A number of many values is cut into so many cells at most, of so many records at least."""


@dataclass(frozen=True)
class Auc:
    """The chance that of two deals the won one is told apart, with its 95 % interval."""

    value: float
    low: float

    @classmethod
    def of(cls, said: Floats, won: Bools) -> "Auc | None":
        """Return it by ranks, with the interval of Hanley & McNeil (1982); None of one class."""
        n, m = int(won.sum()), int((~won).sum())
        if not n or not m:
            return None
        a = float((rankdata(said)[won].sum() - n * (n + 1) / 2) / (n * m))
        both_won, both_lost = a / (2 - a) - a**2, 2 * a**2 / (1 + a) - a**2
        variance = (a * (1 - a) + (n - 1) * both_won + (m - 1) * both_lost) / (n * m)
        # a perfect order has no variance by the formula: of few deals it proves little all the same
        return cls(a, a - 1.96 * math.sqrt(max(variance, 0.0)) - 0.5 / min(n, m))


def forward(values: pl.Series, won: Bools) -> Auc | None:
    """Judge a column on the last fifth of closed deals, by the win rates of those before.

    Args:
        values: words or numbers of the closed deals, oldest first, [n].
        won: whether each was won, [n].
    """
    taught = int(TAUGHT * len(won))
    cell = _cells(values, taught)
    size = int(cell.max(initial=0)) + 1
    seen = np.bincount(cell[:taught], minlength=size)
    wins = np.bincount(cell[:taught], weights=won[:taught], minlength=size)
    overall = won[:taught].mean() if taught else 0.0
    rate = (wins + _PULL * overall) / (seen + _PULL)
    return Auc.of(rate[cell[taught:]], won[taught:])


def filled(values: pl.Series, won: Bools) -> Auc | None:
    """Judge whether a column is filled at all as a teller of the outcome, in either direction."""
    there = values.is_not_null().to_numpy().astype(float)
    auc = Auc.of(there, won)
    return auc if auc is None or auc.value >= 0.5 else Auc.of(-there, won)


def _cells(values: pl.Series, taught: int) -> np.ndarray:
    """Number the cells: each word one, or the quantiles of many numbers; empty is one as well."""
    if values.dtype.is_numeric() and values.n_unique() > _CELLS:
        numbers = values.cast(pl.Float64).fill_nan(None)
        known = numbers[:taught].drop_nulls().to_numpy()
        cells = int(np.clip(len(known) // _PER_CELL, 2, _CELLS))
        steps = np.linspace(0, 1, cells + 1)[1:-1]
        edges = np.unique(np.quantile(known, steps)) if len(known) else np.empty(0)
        place = np.searchsorted(edges, numbers.fill_null(0.0).to_numpy(), side="right") + 1
        return np.where(numbers.is_null().to_numpy(), 0, place)
    return values.cast(pl.String).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
