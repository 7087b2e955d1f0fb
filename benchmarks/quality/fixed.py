"""Fixed horizons: for who cannot fit curves, a three-class task for each of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.quality.contenders import Clock
from benchmarks.quality.task import CLASSES, UNSEEN, Task

_PARTS = 5


@dataclass(frozen=True)
class Part:
    """One horizon's task.

    Attributes:
        x: rows whose horizon is wholly seen, [n, columns].
        y: their class, numbered from 0 without gaps, [n].
        groups: what should not be split between fitting and checking, [n].
        x_test: the rows to answer for.
        categories: the columns that hold categories.
        seconds: this horizon's share of the clock.
        seed: of everything random.
    """

    x: np.ndarray
    y: np.ndarray
    groups: np.ndarray
    x_test: np.ndarray
    categories: list[int]
    seconds: float
    seed: int

    def folds(self, folds: int) -> np.ndarray:
        """Give each group one of `folds` parts, [n]."""
        _, group = np.unique(self.groups, return_inverse=True)
        parts = np.random.default_rng(self.seed).permutation(group.max() + 1) % folds
        folded: np.ndarray = parts[group]
        return folded

    def held_out(self) -> np.ndarray:
        """Say which rows a contender that stops early may check itself on: a fifth, [n]."""
        held: np.ndarray = self.folds(_PARTS) == 0
        return held


def by_horizon(
    task: Task, clock: Clock, seed: int, fit: Callable[[Part], np.ndarray]
) -> np.ndarray:
    """Fit and predict each horizon in an equal share of what is left of the clock.

    Args:
        task: see `Task`.
        clock: shared by the horizons.
        seed: the same for each.
        fit: takes a part and returns probabilities of its classes, [test, classes].

    Returns:
        Probabilities [test, horizons, 3]; a class that no row has is given none.
    """
    found = np.zeros((len(task.test.x), len(task.horizons), CLASSES))
    for at in range(len(task.horizons)):
        rows = task.train.target[:, at] != UNSEEN
        classes, y = np.unique(task.train.target[rows, at], return_inverse=True)
        share = clock.left() / (len(task.horizons) - at)
        part = Part(
            task.train.x[rows],
            y,
            task.train.groups[rows],
            task.test.x,
            task.categories,
            share,
            seed,
        )
        found[:, at, classes] = fit(part)
    return found
