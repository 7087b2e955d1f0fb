"""Naive Bayes on fixed horizons: every column for itself, in ten parts and one for unknown."""

import numpy as np
from sklearn.naive_bayes import CategoricalNB

from benchmarks.quality.contenders import Clock
from benchmarks.quality.fixed import Part, by_horizon
from benchmarks.quality.task import Task

_PARTS = 10


def predict(task: Task, clock: Clock, seed: int) -> np.ndarray:
    """Fit one naive Bayes a horizon."""
    return by_horizon(task, clock, seed, _fit)


def _fit(part: Part) -> np.ndarray:
    both = np.vstack([part.x, part.x_test])
    codes = np.column_stack(
        [_codes(both[:, at], part.x[:, at], at in part.categories) for at in range(both.shape[1])]
    )
    learn, ask = codes[: len(part.x)], codes[len(part.x) :]
    model = CategoricalNB(min_categories=codes.max(axis=0) + 1).fit(learn, part.y)
    probabilities: np.ndarray = model.predict_proba(ask)
    return probabilities


def _codes(column: np.ndarray, learned: np.ndarray, category: bool) -> np.ndarray:
    """Return 0 for unknown, then the category or the part between quantiles of what is learned."""
    known = np.nan_to_num(column, nan=0.0)
    if category:
        place = known.astype(np.int64)
    else:
        seen = learned[~np.isnan(learned)]
        cuts = np.quantile(seen, np.linspace(0, 1, _PARTS + 1)[1:-1]) if len(seen) else []
        place = np.searchsorted(np.unique(cuts), known, side="right")
    return np.where(np.isnan(column), 0, place + 1)
