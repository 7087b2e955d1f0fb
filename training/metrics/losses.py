"""Proper scores of three-class forecasts, one for each deal."""

from typing import Final

import numpy as np

from models.curve import Array
from models.sample import Sample

_TINY: Final = 1e-12
"""What was ruled out and came costs as much as if it had been given this."""


def outcome_at(sample: Sample, days: float) -> np.ndarray:
    """Return OPEN, WON or LOST after so many days, [n]."""
    state: np.ndarray = np.where(sample.days <= days, sample.cause, 0)
    return state


def log_losses(probabilities: Array, outcome: np.ndarray) -> Array:
    """Return minus the log of what was given to the outcome, [n], for [n, 3] and [n]."""
    given = probabilities[np.arange(len(outcome)), outcome]
    losses: Array = -np.log(np.clip(given, _TINY, 1.0))
    return losses


def brier_scores(probabilities: Array, outcome: np.ndarray) -> Array:
    """Return squared distances to the outcome, [n], over three classes; 0 is best, 2 worst."""
    scores: Array = ((probabilities - np.eye(3)[outcome]) ** 2).sum(axis=1)
    return scores
