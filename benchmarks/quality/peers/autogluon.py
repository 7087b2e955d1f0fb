"""AutoGluon: its best preset, or its quick one where the clock is too short for that."""

from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from autogluon.tabular import TabularPredictor

from benchmarks.quality.contenders import Clock
from benchmarks.quality.entry import CORES
from benchmarks.quality.fixed import Part, by_horizon
from benchmarks.quality.peers.frames import frames_of
from benchmarks.quality.task import Task

_FOLDS = 8
"""AutoGluon's own number."""
_LEAST_FOR_BEST_S = 120.0
"""Seconds a horizon: with less, bagging and stacking many models ends after the first."""
_SPENT_ON_FITTING = 0.9
"""Of the clock; the rest is for loading, preparing and answering."""


def predict(task: Task, clock: Clock, seed: int) -> np.ndarray:
    """Fit one stack a horizon."""
    return by_horizon(task, clock, seed, _fit)


def _fit(part: Part) -> np.ndarray:
    learn, ask = frames_of(part)
    how: dict[str, Any]
    learn = learn.assign(target=part.y)
    # snapshots of one deal are alike: with its own random folds it would check itself on rows
    # whose sisters it has learned
    if part.seconds < _LEAST_FOR_BEST_S:
        held = part.held_out()
        groups, learn, how = None, learn[~held], {"tuning_data": learn[held]}
    else:
        groups, learn = "fold", learn.assign(fold=part.folds(_FOLDS))
        how = {"presets": "best_quality", "dynamic_stacking": False}
    with TemporaryDirectory(prefix="autogluon-") as folder:
        predictor = TabularPredictor(
            "target", eval_metric="log_loss", groups=groups, path=folder, verbosity=2
        ).fit(
            learn,
            time_limit=part.seconds * _SPENT_ON_FITTING,
            num_cpus=CORES,
            num_gpus=0,
            **how,
        )
        said = predictor.predict_proba(ask)
    found = np.zeros((len(ask), part.y.max() + 1))
    found[:, list(said.columns)] = said.to_numpy()  # it leaves out classes with very few rows
    return found
