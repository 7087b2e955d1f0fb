"""The model of records without dates: who is won in the end, and not when.

One row a record, one target: won or lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import polars as pl

from features.catalogue import Feature
from features.encoder import Encoder
from models.boosting import Bag, Columns, Settings
from models.calibration import Calibration
from models.curve import WON, Array, Curves
from models.line import Line
from models.parts import Parted, parts
from models.sample import Sample

_ROUNDS: Final = 1000
_PATIENCE: Final = 50
_LEAF: Final = 20
"""Rows in a leaf at least: a record counts once, where a deal's snapshots count many times."""


@dataclass(frozen=True)
class WinModel:
    """Boosters of the log-odds to win, what encodes their rows, and what corrects them.

    Attributes:
        encoder: of feature rows.
        won: boosters of the log-odds of won against lost.
        line: what a line says of them.
        calibration: what blends the two; there is one bin, the end.
    """

    encoder: Encoder
    won: Bag
    line: Line
    calibration: Calibration

    @classmethod
    def fit(
        cls,
        sample: Sample,
        features: Sequence[Feature],
        settings: Settings,
        seed: int,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Fit boosters and line by cross-fitting over groups, and the calibration on their checks.

        A booster grows until its own part gains no more. So how much is learned is for the data
        to say, and a few records without a pattern give a model near the overall rate.

        Args:
            sample: records that are won or lost, each once.
            features: the catalogue, in the order of its columns.
            settings: see `Settings`; how many trees is found here.
            seed: of parts, drawn rows and boosters.
            progress: told each step.
        """
        rng = np.random.default_rng(seed)
        encoder = Encoder.learn(sample.rows, list(features))
        codes, won = encoder.encode(sample.rows), (sample.cause == WON).astype(float)
        part, records = parts(sample.groups, settings.folds, rng), np.arange(len(sample))
        data = Parted(lambda at: codes[at], part, checked=records)
        columns = Columns.of(encoder, features)
        growing = replace(
            settings,
            rounds=_ROUNDS,
            patience=_PATIENCE,
            booster=settings.booster | {"min_data_in_leaf": _LEAF},
        )
        bag, by_trees = Bag.cross_fit(data, won, columns, growing, rng, progress=progress)
        line, by_line = Line.cross_fit(data, won, columns, settings.folds, rng)
        odds = np.stack([by_trees, by_line], axis=1)[:, None, :]
        end = np.zeros_like(records)
        return cls(encoder, bag, line, Calibration.fit(odds, end, sample.cause, bins=1))

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows, n deals in their order; they are not dated."""
        codes = self.encoder.encode(rows)
        odds = np.stack([self.won.predict(codes, threads), self.line.predict(codes)], axis=1)
        end = np.zeros(len(codes), dtype=np.int64)
        return Curves.undated(self.calibration.apply(odds[:, None, :], end)[:, WON])

    def effects(self, rows: Array, threads: int = 1) -> Array:
        """Return what each column of code rows adds to the log-odds, [n, columns]."""
        by_trees, by_line = self.calibration.slope[0, 0]
        trees, line = self.won.effects(rows, threads), self.line.effects(rows)
        added: Array = by_trees * trees + by_line * line
        return added

    @property
    def bags(self) -> dict[str, Bag]:
        """The bags by name."""
        return {"won": self.won}

    def to_dict(self) -> dict[str, Any]:
        """Return all but the boosters, fit for JSON."""
        return {
            "encoder": self.encoder.to_dict(),
            "offsets": {"won": self.won.offset},
            "line": self.line.to_dict(),
            "calibration": self.calibration.to_dict(),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any], boosters: dict[str, tuple[Any, ...]]) -> Self:
        """Put what `to_dict` wrote and the boosters by bag together."""
        return cls(
            encoder=Encoder.from_dict(document["encoder"]),
            won=Bag(boosters["won"], document["offsets"]["won"]),
            line=Line.from_dict(document["line"]),
            calibration=Calibration.from_dict(document["calibration"]),
        )
