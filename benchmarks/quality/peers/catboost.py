"""CatBoost, stopped by a fifth of the groups or by the clock."""

import time
from typing import Any

import numpy as np
from catboost import CatBoostClassifier, Pool

from benchmarks.quality.contenders import Clock
from benchmarks.quality.entry import CORES
from benchmarks.quality.fixed import Part, by_horizon
from benchmarks.quality.peers.frames import frames_of
from benchmarks.quality.task import Task

_MOST_TREES = 10_000
_PATIENCE = 100
_SPENT_ON_TREES = 0.9
"""Of the clock; the rest is for preparing and answering."""


class _InTime:
    """Ends the training when the time is up."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds

    def after_iteration(self, info: Any) -> bool:
        """Say whether to go on."""
        return time.monotonic() < self.until


def predict(task: Task, clock: Clock, seed: int) -> np.ndarray:
    """Fit one classifier a horizon."""
    return by_horizon(task, clock, seed, _fit)


def _fit(part: Part) -> np.ndarray:
    learn, ask = (_with_words(frame) for frame in frames_of(part))
    categories = [f"f{at}" for at in part.categories]
    held = part.held_out()
    model = CatBoostClassifier(
        loss_function="MultiClass",
        iterations=_MOST_TREES,
        random_seed=part.seed,
        thread_count=CORES,
        allow_writing_files=False,
        verbose=False,
    )
    model.fit(
        Pool(learn[~held], part.y[~held], cat_features=categories),
        eval_set=Pool(learn[held], part.y[held], cat_features=categories),
        early_stopping_rounds=_PATIENCE,
        callbacks=[_InTime(part.seconds * _SPENT_ON_TREES)],
    )
    probabilities: np.ndarray = model.predict_proba(ask)
    return probabilities


def _with_words(frame: Any) -> Any:
    """Make unknown categories a word of their own: CatBoost takes no empty ones."""
    words = frame.select_dtypes("category").columns
    return frame.assign(**{name: frame[name].astype(object).fillna("") for name in words})
