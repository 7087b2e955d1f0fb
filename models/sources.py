"""What speaks of one cause: boosters, and lines that see all columns or a few.

Trees find turns and meetings of facts; a line finds what adds up, with fewer closings; a line that
sees few columns alone finds what the others lose among many. The calibration blends them by what
each was worth on rows that none was fitted on (stacking, Wolpert 1992).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import lightgbm as lgb
import numpy as np

from models.boosting import Bag, Columns, Settings
from models.curve import Array
from models.line import Line
from models.parts import Parted


@dataclass(frozen=True)
class Sources:
    """Boosters and lines of the same log-odds.

    Attributes:
        trees: the boosters, which see all columns.
        lines: one for each view.
    """

    trees: Bag
    lines: tuple[Line, ...]

    @classmethod
    def cross_fit(
        cls,
        data: Parted,
        target: Array,
        columns: Columns,
        views: Sequence[Sequence[int]],
        settings: Settings,
        rng: np.random.Generator,
        progress: Callable[[str], None] = lambda _: None,
    ) -> tuple[Self, Array]:
        """Fit each on all parts of the data but one, and check it on that.

        Args:
            data: the rows and their parts.
            target: 0 and 1, [n]; nan where a row is not fitted on.
            columns: what the columns are.
            views: the positions of the columns that each line sees.
            settings: see `Settings`.
            rng: of draws and boosters.
            progress: told each booster.

        Returns:
            The sources, and their log-odds of the checked rows, [c, 1 + views].
        """
        trees, checked = Bag.cross_fit(data, target, columns, settings, rng, progress=progress)
        checks, lines = [checked], []
        for view in views:
            line, checked = Line.cross_fit(data, target, columns, view, settings.folds, rng)
            lines.append(line)
            checks.append(checked)
        return cls(trees, tuple(lines)), np.column_stack(checks)

    def alone(self, booster: lgb.Booster) -> Self:
        """Return the same with one booster in place of all."""
        return replace(self, trees=replace(self.trees, boosters=(booster,)))

    def predict(self, rows: Array, threads: int = 1, still: int = 0, alike: int = 1) -> Array:
        """Return the log-odds of code rows by each source, [n, 1 + views].

        Args:
            rows: code rows.
            threads: of the boosters.
            still: see `Bag.predict`.
            alike: see `Bag.predict`.
        """
        lines = [line.predict(rows, still, alike) for line in self.lines]
        return np.column_stack([self.trees.predict(rows, threads, still, alike), *lines])

    def effects(self, rows: Array, slopes: Array, threads: int = 1) -> Array:
        """Return what each column adds to the blended log-odds, [n, columns].

        Args:
            rows: code rows.
            slopes: the weight of each source in the blend, [n, 1 + views] or [1, 1 + views].
            threads: of the boosters.
        """
        added: Array = slopes[:, :1] * self.trees.effects(rows, threads)
        for slope, line in zip(slopes.T[1:], self.lines, strict=True):
            added += slope[:, None] * line.effects(rows)
        return added

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back but for the boosters, fit for JSON."""
        return {"offset": self.trees.offset, "lines": [line.to_dict() for line in self.lines]}

    @classmethod
    def from_dict(cls, document: dict[str, Any], boosters: tuple[Any, ...]) -> Self:
        """Put what `to_dict` wrote and the boosters together."""
        lines = tuple(Line.from_dict(line) for line in document["lines"])
        return cls(Bag(boosters, document["offset"]), lines)
