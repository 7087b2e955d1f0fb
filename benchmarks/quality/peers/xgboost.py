"""XGBoost, stopped by a fifth of the groups or by the clock."""

import time
from typing import Any

import numpy as np
from xgboost import XGBClassifier
from xgboost.callback import TrainingCallback

from benchmarks.quality.contenders import Clock
from benchmarks.quality.entry import CORES
from benchmarks.quality.fixed import Part, by_horizon
from benchmarks.quality.peers.frames import frames_of
from benchmarks.quality.task import Task

_MOST_TREES = 10_000
_PATIENCE = 100
_SPENT_ON_TREES = 0.9
"""Of the clock; the rest is for preparing and answering."""


class _InTime(TrainingCallback):  # type: ignore[misc] # published without types
    """Ends the training when the time is up."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.until = time.monotonic() + seconds

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Say whether to stop."""
        return time.monotonic() >= self.until


def predict(task: Task, clock: Clock, seed: int) -> np.ndarray:
    """Fit one classifier a horizon."""
    return by_horizon(task, clock, seed, _fit)


def _fit(part: Part) -> np.ndarray:
    learn, ask = frames_of(part)
    held = part.held_out()
    # the rate is CatBoost's and ours rather than the default of .3, which overfits at once
    model = XGBClassifier(
        n_estimators=_MOST_TREES,
        learning_rate=0.05,
        early_stopping_rounds=_PATIENCE,
        enable_categorical=True,
        tree_method="hist",
        random_state=part.seed,
        n_jobs=CORES,
        callbacks=[_InTime(part.seconds * _SPENT_ON_TREES)],
    )
    model.fit(learn[~held], part.y[~held], eval_set=[(learn[held], part.y[held])], verbose=False)
    probabilities: np.ndarray = model.predict_proba(ask)
    return probabilities
