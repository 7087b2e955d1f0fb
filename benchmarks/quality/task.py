"""A task of the race as files: all that a contender may read, and apart from it the answers.

This module knows only numpy, because it is read in the product's environment and in the peers'.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

UNSEEN: Final = -1
"""The target where a row's horizon is not wholly seen."""
CLASSES: Final = 3
"""Open, won, lost: targets 0, 1, 2."""


@dataclass(frozen=True)
class Past:
    """n snapshots with what came of them as far as the data reach.

    Attributes:
        x: the matrix, float64 [n, columns]; nan where unknown, categories as whole numbers.
        as_of: moments, microseconds of UTC, [n].
        target: OPEN, WON or LOST by each horizon, or UNSEEN, [n, horizons].
        days: days to the closing, inf where none is known, [n].
        cause: OPEN, WON or LOST, [n].
        seen: days up to which the row's outcome is known, [n].
        groups: account or deal: rows of one group are alike, [n].
    """

    x: np.ndarray
    as_of: np.ndarray
    target: np.ndarray
    days: np.ndarray
    cause: np.ndarray
    seen: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class Asked:
    """m open deals: the same columns, and no word of what came."""

    x: np.ndarray
    as_of: np.ndarray


@dataclass(frozen=True)
class Answers:
    """What came of the m open deals; no contender is given it.

    Attributes:
        target: OPEN, WON or LOST by each horizon, [m, horizons].
        groups: what the bootstrap draws together, [m].
        truth: the true chances where the data are simulated, [m, horizons, 3]; else empty.
    """

    target: np.ndarray
    groups: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class Task:
    """A matrix to learn from and one to answer for.

    Attributes:
        name: the data set, with the origin where there are several.
        horizons: days ahead, ascending; inf asks for the end where the data have no dates.
        edges: bin edges in days ahead.
        features: entries of the catalogue in the order of the first columns, as JSON objects.
        calendar: names of the last columns, which describe as_of.
        train: see `Past`.
        test: see `Asked`.
    """

    name: str
    horizons: tuple[float, ...]
    edges: tuple[float, ...]
    features: tuple[dict[str, Any], ...]
    calendar: tuple[str, ...]
    train: Past
    test: Asked

    @property
    def dated(self) -> bool:
        """Whether the data say when."""
        return math.isfinite(self.horizons[-1])

    @property
    def categories(self) -> list[int]:
        """The columns that hold categories."""
        return [at for at, one in enumerate(self.features) if one["kind"] == "category"]

    def save(self, folder: Path, answers: Answers) -> None:
        """Write the task to `folder`, and beside it the answers, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / "train.npz", **vars(self.train))
        np.savez(folder / "test.npz", **vars(self.test))
        np.savez(answers_of(folder), **vars(answers))
        about = {
            "name": self.name,
            "horizons": days_to_json(self.horizons),
            "edges": days_to_json(self.edges),
            "features": self.features,
            "calendar": self.calendar,
        }
        # written last: a folder with it is complete
        text = json.dumps(about, ensure_ascii=False, indent=1)
        (folder / "task.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote, without the answers."""
        about = json.loads((folder / "task.json").read_text(encoding="utf-8"))
        with np.load(folder / "train.npz") as train, np.load(folder / "test.npz") as test:
            return cls(
                name=about["name"],
                horizons=days_from_json(about["horizons"]),
                edges=days_from_json(about["edges"]),
                features=tuple(about["features"]),
                calendar=tuple(about["calendar"]),
                train=Past(**train),
                test=Asked(**test),
            )


def answers_of(folder: Path) -> Path:
    """Return where a task's answers lie: outside of the folder that contenders are told of."""
    return folder.with_name(f"{folder.name}.answers.npz")


def load_answers(folder: Path) -> Answers:
    """Read the answers to the task in `folder`."""
    with np.load(answers_of(folder)) as answers:
        return Answers(**answers)


def days_to_json(days: tuple[float, ...]) -> list[float | None]:
    """Write days; JSON has no inf, so the end is null."""
    return [None if math.isinf(one) else one for one in days]


def days_from_json(days: list[float | None]) -> tuple[float, ...]:
    """Read what `days_to_json` wrote."""
    return tuple(math.inf if one is None else float(one) for one in days)
