"""What became of deals in the same stage: the baseline that every training is held against."""

import numpy as np

from benchmarks.quality.contenders import Clock
from benchmarks.quality.own.rows import sample_of, test_rows
from benchmarks.quality.task import Task
from models.baselines import StageAalenJohansen


def predict(task: Task, clock: Clock, seed: int) -> np.ndarray:
    """Estimate by stage and read the curves at the horizons."""
    baseline = StageAalenJohansen.fit(sample_of(task), np.array(task.edges))
    curves = baseline.curves(test_rows(task))
    return np.stack([curves.at(days) for days in task.horizons], axis=1)
