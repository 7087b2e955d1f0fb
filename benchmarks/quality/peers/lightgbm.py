"""LightGBM as it comes: its default settings on every row."""

import numpy as np
from lightgbm import LGBMClassifier

from benchmarks.quality.contenders import Clock
from benchmarks.quality.entry import CORES
from benchmarks.quality.fixed import Part, by_horizon
from benchmarks.quality.task import Task


def predict(task: Task, clock: Clock, seed: int) -> np.ndarray:
    """Fit one classifier a horizon."""
    return by_horizon(task, clock, seed, _fit)


def _fit(part: Part) -> np.ndarray:
    model = LGBMClassifier(random_state=part.seed, n_jobs=CORES, verbose=-1)
    model.fit(part.x, part.y, categorical_feature=part.categories)
    probabilities: np.ndarray = model.predict_proba(part.x_test)
    return probabilities
