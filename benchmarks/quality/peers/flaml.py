"""FLAML: its own search over boosters and forests, checked on whole groups."""

import numpy as np
from flaml import AutoML

from benchmarks.quality.contenders import Clock
from benchmarks.quality.entry import CORES
from benchmarks.quality.fixed import Part, by_horizon
from benchmarks.quality.peers.frames import frames_of
from benchmarks.quality.task import Task

_SPENT_ON_SEARCH = 0.9
"""Of the clock; the rest is for preparing and answering."""


def predict(task: Task, clock: Clock, seed: int) -> np.ndarray:
    """Search one model a horizon."""
    return by_horizon(task, clock, seed, _fit)


def _fit(part: Part) -> np.ndarray:
    learn, ask = frames_of(part)
    search = AutoML()
    search.fit(
        learn,
        part.y,
        task="classification",
        metric="log_loss",
        time_budget=part.seconds * _SPENT_ON_SEARCH,
        split_type="group",
        groups=part.folds(5),
        n_splits=5,
        n_jobs=CORES,
        seed=part.seed,
        verbose=0,
    )
    probabilities: np.ndarray = search.predict_proba(ask)
    return probabilities
