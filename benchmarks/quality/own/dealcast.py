"""Our own entry: the model that `dealcast train` fits, with its default settings."""

import numpy as np

from benchmarks.quality.contenders import Clock
from benchmarks.quality.entry import CORES
from benchmarks.quality.own.rows import features_of, sample_of, test_rows
from benchmarks.quality.task import Task
from models.boosting import Settings
from models.hazard import HazardModel
from models.win import WinModel


def predict(task: Task, clock: Clock, seed: int) -> np.ndarray:
    """Fit the hazards, or who wins in the end, and read the curves at the horizons."""
    return by(Settings(threads=CORES), task, seed)


def by(settings: Settings, task: Task, seed: int) -> np.ndarray:
    """Do so with other settings."""
    edges = np.array(task.edges)
    sample, features = sample_of(task), features_of(task)
    model: HazardModel | WinModel
    if np.isfinite(edges[-1]):
        model = HazardModel.fit(sample, features, edges, settings, seed)
    else:
        model = WinModel.fit(sample, features, settings, seed)
    curves = model.curves(test_rows(task), threads=CORES)
    return np.stack([curves.at(days) for days in task.horizons], axis=1)
