"""Our own entry with the settings of `dealcast backtest --light`."""

import numpy as np

from benchmarks.quality.contenders import Clock
from benchmarks.quality.entry import CORES
from benchmarks.quality.own.dealcast import by
from benchmarks.quality.task import Task
from models.boosting import Settings


def predict(task: Task, clock: Clock, seed: int) -> np.ndarray:
    """Fit quickly, and read the curves at the horizons."""
    return by(Settings.light(threads=CORES), task, seed)
