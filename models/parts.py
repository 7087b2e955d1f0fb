"""Parts of the data: each is checked by what was fitted on the others."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.curve import Array


@dataclass(frozen=True)
class Parted:
    """Rows cut into parts.

    Attributes:
        rows: gives the rows at positions of the data, [m, columns] for [m].
        part: which part each row is in, from 0, [n].
        checked: positions of the rows to check, [c].
        weight: how much each row counts, [n]; None where all count the same.
    """

    rows: Callable[[np.ndarray], Array]
    part: np.ndarray
    checked: np.ndarray
    weight: Array | None = None

    def others(self, one: int, target: Array) -> np.ndarray:
        """Return the positions outside of a part that have a target."""
        return np.flatnonzero(~np.isnan(target) & (self.part != one))

    def own(self, one: int) -> np.ndarray:
        """Return the places among `checked` that are in a part."""
        return np.flatnonzero(self.part[self.checked] == one)

    def weights(self, at: np.ndarray) -> Array:
        """Return how much the rows at positions count."""
        return np.ones(len(at)) if self.weight is None else self.weight[at]


def parts(groups: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Give each group one of `folds` parts, all of its rows the same, [n]."""
    _, group = np.unique(groups, return_inverse=True)
    return (rng.permutation(group.max(initial=0) + 1) % folds)[group]


def draw(rows: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Choose at most `most` of so many rows, in their order."""
    return np.sort(rng.choice(rows, most, replace=False)) if rows > most else np.arange(rows)


def draw_events(target: Array, most: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Choose rows to fit on, events before the rest, and the offset that undoes the choice.

    Events teach more than non-events, of which there are plenty (King & Zeng 2001): they get up
    to a quarter of the rows before the rest is drawn. With shares a of events and b of the rest
    drawn, log-odds come out too high by log(a / b).
    """
    events, rest = np.flatnonzero(target == 1), np.flatnonzero(target == 0)
    kept = events[draw(len(events), most // 4, rng)]
    others = rest[draw(len(rest), most - len(kept), rng)]
    chosen = np.sort(np.concatenate([kept, others]))
    if not (len(kept) and len(others)):
        return chosen, 0.0
    return chosen, float(np.log(len(others) / len(rest)) - np.log(len(kept) / len(events)))
