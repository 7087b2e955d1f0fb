"""SurvivalBoost of hazardous: cumulative incidences by boosting, with its default settings."""

import numpy as np
import pandas as pd
from hazardous import SurvivalBoost

from benchmarks.quality.contenders import Clock
from benchmarks.quality.task import Task


def predict(task: Task, clock: Clock, seed: int) -> np.ndarray:
    """Fit all horizons at once and read the incidences at them.

    Rows are cut at the last edge, which is as far as our own bins go: it draws its times evenly
    up to the last duration, and would spend most of them where nobody asks.
    """
    train, last = task.train, task.edges[-1]
    until = np.minimum(train.seen, last)
    event = np.where(train.days <= until, train.cause, 0)
    outcome = pd.DataFrame({"event": event, "duration": np.minimum(train.days, until)})
    kept = (outcome["duration"] > 0).to_numpy()
    model = SurvivalBoost(random_state=seed, show_progressbar=False)
    model.fit(train.x[kept], outcome[kept])
    incidence = model.predict_cumulative_incidence(task.test.x, np.array(task.horizons))
    return np.transpose(incidence, (0, 2, 1))
