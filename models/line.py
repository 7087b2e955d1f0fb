"""The line: a logistic regression on code rows, for what simply adds up.

Trees need many closings to learn what adds up, a line needs few; but a line sees no turn and no
meeting of two facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import numpy as np
from scipy.special import expit

from models.boosting import Columns
from models.curve import Array
from models.parts import Parted, draw_events

ROWS: Final = 40_000
"""Rows that a line is fitted on at most."""
_FAR: Final = 4.0
"""How many deviations from the median a number counts at most."""
_MOST_WORDS: Final = 30
"""Words of a category that have a weight of their own; the others share one."""
_RIDGE: Final = 50.0
"""How hard weights are held to nought, in units of log-loss by squared weight, halved."""
_STEPS: Final = 12
_ENOUGH: Final = 1e-6


@dataclass(frozen=True)
class Design:
    """How code rows become the columns of a line.

    A number x counts as sign(x) · log(1 + |x|), less its median, by its deviation; a missing one
    as the median, with a column that says so. Each word is a column.

    Attributes:
        numbers: positions of the numbers.
        middle: their medians after the logarithm, [numbers].
        spread: their deviations, above 0, [numbers].
        gaps: of the numbers those that are missing at times.
        words: by position of a category, how many words have a column.
    """

    numbers: tuple[int, ...]
    middle: Array
    spread: Array
    gaps: tuple[int, ...]
    words: dict[int, int]

    @classmethod
    def learn(cls, rows: Array, categories: list[int], view: Sequence[int]) -> Self:
        """Learn from code rows, [n, columns].

        Args:
            rows: code rows.
            categories: positions of codes of words.
            view: positions of the columns to look at.
        """
        numbers = [place for place in view if place not in categories]
        coded = [place for place in categories if place in view]
        logs = _logarithm(rows[:, numbers])
        seen = np.isfinite(logs)
        varies = np.array(
            [len(np.unique(log[ok])) > 1 for log, ok in zip(logs.T, seen.T, strict=True)]
        )
        most = {place: np.nanmax(rows[:, place], initial=0) for place in coded}
        return cls(
            numbers=tuple(np.array(numbers)[varies].tolist()),
            middle=np.nanmedian(logs[:, varies], axis=0),
            spread=np.nanstd(logs[:, varies], axis=0),
            gaps=tuple(np.array(numbers)[seen.any(axis=0) & ~seen.all(axis=0)].tolist()),
            words={place: min(int(most[place]) + 1, _MOST_WORDS) for place in coded},
        )

    def of(self, rows: Array) -> Array:
        """Return the columns of code rows, [n, width]."""
        far = (_logarithm(rows[:, self.numbers]) - self.middle) / self.spread
        near = np.clip(np.where(np.isnan(far), 0.0, far), -_FAR, _FAR)
        missing = np.isnan(rows[:, self.gaps]).astype(float)
        words = [rows[:, [place]] == np.arange(count) for place, count in self.words.items()]
        return np.hstack([near, missing, *words])

    def within(self, low: int, high: int) -> tuple[Self, np.ndarray]:
        """Return the design of some columns of a code row, and which columns of its own it keeps.

        Args:
            low: the first column's position.
            high: the position after the last one's.
        """
        source = self.source
        kept = np.flatnonzero((low <= source) & (source < high))
        numbers = kept[kept < len(self.numbers)]
        part = replace(
            self,
            numbers=tuple(source[numbers].tolist()),
            middle=self.middle[numbers],
            spread=self.spread[numbers],
            gaps=tuple(place for place in self.gaps if low <= place < high),
            words={place: n for place, n in self.words.items() if low <= place < high},
        )
        return part, kept

    @property
    def source(self) -> np.ndarray:
        """Which column of a code row each column stands for, [width]."""
        words = [np.full(count, place) for place, count in self.words.items()]
        return np.concatenate([self.numbers, self.gaps, *words]).astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        return {
            "numbers": self.numbers,
            "middle": self.middle.tolist(),
            "spread": self.spread.tolist(),
            "gaps": self.gaps,
            "words": self.words,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(
            numbers=tuple(document["numbers"]),
            middle=np.array(document["middle"]),
            spread=np.array(document["spread"]),
            gaps=tuple(document["gaps"]),
            words={int(place): count for place, count in document["words"].items()},
        )


@dataclass(frozen=True)
class Line:
    """Weights of a design's columns.

    Attributes:
        design: of the columns.
        weights: [width].
        intercept: the log-odds where all columns are at their mean.
        mean: of the columns where it was fitted, [width].
    """

    design: Design
    weights: Array
    intercept: float
    mean: Array
    _parts: dict[tuple[int, int], tuple[Design, Array, Array]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Design, mean and weights of the columns between two positions, looked for but once."""

    @classmethod
    def cross_fit(
        cls,
        data: Parted,
        target: Array,
        columns: Columns,
        view: Sequence[int],
        folds: int,
        rng: np.random.Generator,
    ) -> tuple[Self, Array]:
        """Fit one line for each part, on rows of all others, and check it on its own.

        Args:
            data: the rows and their parts.
            target: 0 and 1, [n]; nan where a row is not fitted on.
            columns: what the columns are; those in `steps` count as words too.
            view: positions of the columns that the line sees.
            folds: how many parts there are.
            rng: of draws.

        Returns:
            The mean of the lines, and the log-odds of each checked row by the line not fitted on
            it, [c].
        """
        usable = np.flatnonzero(~np.isnan(target))
        drawn = usable[draw_events(target[usable], ROWS, rng)[0]]
        design = Design.learn(data.rows(drawn), [*columns.categories, *columns.steps], view)
        directions = np.array(columns.directions)[design.source]
        directions[np.isin(design.source, columns.steps)] = 0
        checks, lines = np.empty(len(data.checked)), []
        for one in range(folds):
            others = data.others(one, target)
            chosen, offset = draw_events(target[others], ROWS, rng)
            at = others[chosen]
            line = cls._fit(design, data.rows(at), target[at], data.weights(at), offset, directions)
            own = data.own(one)
            checks[own] = line.predict(data.rows(data.checked[own]))
            lines.append(line)
        mean = np.mean([line.mean for line in lines], axis=0)
        weights = np.mean([line.weights for line in lines], axis=0)
        at_mean = [line.intercept + line.weights @ (mean - line.mean) for line in lines]
        return cls(design, weights, float(np.mean(at_mean)), mean), checks

    @classmethod
    def _fit(
        cls,
        design: Design,
        rows: Array,
        target: Array,
        weight: Array,
        offset: float,
        directions: np.ndarray,
    ) -> Self:
        """Fit by Newton's method (iteratively reweighted least squares), with a ridge."""
        columns = design.of(rows)
        mean = np.average(columns, axis=0, weights=weight)
        centred = np.column_stack([np.ones(len(rows)), columns - mean])
        rough = centred.astype(np.float32)  # enough for the way to the optimum, not for where it is
        ridge = np.array([1e-6, *np.full(len(mean), 2 * _RIDGE)])
        share = np.clip(np.average(target, weights=weight), 1e-6, 1 - 1e-6)
        solution = np.zeros(centred.shape[1])
        solution[0] = np.log(share / (1 - share))
        for _ in range(_STEPS):
            p = expit(centred @ solution)
            slope = centred.T @ (weight * (target - p)) - ridge * solution
            bent = rough * np.sqrt(weight * p * (1 - p), dtype=np.float32)[:, None]
            step = np.linalg.solve(bent.T @ bent + np.diag(ridge), slope)
            solution = solution + step
            if np.abs(step).max() < _ENOUGH:
                break
        weights = np.where(directions * solution[1:] < 0, 0.0, solution[1:])
        return cls(design, weights, float(solution[0]) + offset, mean)

    def predict(self, rows: Array, still: int = 0, alike: int = 1) -> Array:
        """Return the log-odds of code rows, [n].

        Args:
            rows: code rows.
            still: how many of the first columns are the same in a run of rows: they are summed
                once.
            alike: how many rows a run has.
        """
        odds = self.intercept + self._added(rows, still, rows.shape[1])
        return odds + np.repeat(self._added(rows[::alike], 0, still), alike) if still else odds

    def _added(self, rows: Array, low: int, high: int) -> Array:
        """Return what some columns of code rows add to the mean's log-odds, [n]."""
        if (low, high) not in self._parts:
            design, kept = self.design.within(low, high)
            self._parts[low, high] = design, self.mean[kept], self.weights[kept]
        design, mean, weights = self._parts[low, high]
        # summed row by row, so that a deal's odds do not depend on the company it is in
        added: Array = ((design.of(rows) - mean) * weights).sum(axis=1)
        return added

    def effects(self, rows: Array) -> Array:
        """Return what each column of code rows adds to the mean's log-odds, [n, columns]."""
        added = (self.design.of(rows) - self.mean) * self.weights
        effect = np.zeros(rows.shape)
        np.add.at(effect.T, self.design.source, added.T)
        return effect

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        return {
            "design": self.design.to_dict(),
            "weights": self.weights.tolist(),
            "intercept": self.intercept,
            "mean": self.mean.tolist(),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(
            design=Design.from_dict(document["design"]),
            weights=np.array(document["weights"]),
            intercept=document["intercept"],
            mean=np.array(document["mean"]),
        )


def _logarithm(numbers: Array) -> Array:
    logs: Array = np.copysign(np.log1p(np.abs(numbers)), numbers)
    return logs
