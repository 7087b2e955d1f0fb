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
from models.parts import Parted, parts
from models.sample import Sample
from models.sources import Sources

_ROUNDS: Final = 1000
_PATIENCE: Final = 50
_LEAF: Final = 20
"""Rows in a leaf at least: a record counts once, where a deal's snapshots count many times."""


@dataclass(frozen=True)
class WinModel:
    """What speaks of the log-odds to win, what encodes its rows, and what corrects it.

    Attributes:
        encoder: of feature rows.
        won: the log-odds of won against lost, by boosters and a line.
        calibration: what blends them; there is one bin, the end.
    """

    encoder: Encoder
    won: Sources
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
        """Fit the sources by cross-fitting over groups, and the calibration on their checks.

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
        won = (sample.cause == WON).astype(float)
        part, records = parts(sample.groups, settings.folds, rng), np.arange(len(sample))
        data = Parted(lambda at: encoder.encode(sample.rows[at]), part, checked=records)
        columns = Columns.of(encoder, features)
        growing = replace(
            settings,
            rounds=_ROUNDS,
            patience=_PATIENCE,
            cluster=None,  # no cluster stops early
            booster=settings.booster | {"min_data_in_leaf": _LEAF},
        )
        whole = range(len(encoder.names))
        sources, odds = Sources.cross_fit(data, won, columns, [whole], growing, rng, progress)
        end = np.zeros_like(records)
        calibration = Calibration.fit(odds[:, None, :], end, sample.cause, bins=1)
        return cls(encoder, sources, calibration)

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows, n deals in their order; they are not dated."""
        codes = self.encoder.encode(rows)
        odds, end = self.won.predict(codes, threads), np.zeros(len(codes), dtype=np.int64)
        return Curves.undated(self.calibration.apply(odds[:, None, :], end)[:, WON])

    def effects(self, rows: Array, threads: int = 1) -> Array:
        """Return what each column of code rows adds to the log-odds, [n, columns]."""
        return self.won.effects(rows, self.calibration.slope[0], threads)

    @property
    def bags(self) -> dict[str, Bag]:
        """The bags by name."""
        return {"won": self.won.trees}

    def to_dict(self) -> dict[str, Any]:
        """Return all but the boosters, fit for JSON."""
        return {
            "encoder": self.encoder.to_dict(),
            "won": self.won.to_dict(),
            "calibration": self.calibration.to_dict(),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any], boosters: dict[str, tuple[Any, ...]]) -> Self:
        """Put what `to_dict` wrote and the boosters by bag together."""
        return cls(
            encoder=Encoder.from_dict(document["encoder"]),
            won=Sources.from_dict(document["won"], boosters["won"]),
            calibration=Calibration.from_dict(document["calibration"]),
        )
