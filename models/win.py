"""The model of records without dates: who is won in the end, and not when.

One row a record, one target: won or lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import polars as pl
from scipy.optimize import minimize
from scipy.special import expit

from features.catalogue import Feature
from features.encoder import Encoder
from models.boosting import Bag, Columns, Settings
from models.curve import WON, Array, Curves
from models.parts import Parted, parts
from models.sample import Sample

_ROUNDS: Final = 1000
_PATIENCE: Final = 50
_LEAF: Final = 20
"""Rows in a leaf at least: a record counts once, where a deal's snapshots count many times."""
_PULL: Final = 10.0
"""How hard, in records' worth, the line is held to nought, as in `models.calibration`."""


@dataclass(frozen=True)
class WinModel:
    """Boosters of the log-odds to win, what encodes their rows, and the line that corrects them.

    Attributes:
        encoder: of feature rows.
        won: boosters of the log-odds of won against lost.
        intercept: what is added to the log-odds, after they were multiplied by the slope.
        slope: see `intercept`.
    """

    encoder: Encoder
    won: Bag
    intercept: float
    slope: float

    @classmethod
    def fit(
        cls,
        sample: Sample,
        features: Sequence[Feature],
        settings: Settings,
        seed: int,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Fit the boosters by cross-fitting over groups, and the line on their checks.

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
        part = parts(sample.groups, settings.folds, rng)
        bag, odds = Bag.cross_fit(
            Parted(lambda at: codes[at], part, np.arange(len(sample))),
            won,
            Columns.of(encoder, features),
            replace(
                settings,
                rounds=_ROUNDS,
                patience=_PATIENCE,
                booster=settings.booster | {"min_data_in_leaf": _LEAF},
            ),
            rng,
            progress=progress,
        )
        return cls(encoder, bag, *_line(odds, won))

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows, n deals in their order; they are not dated."""
        odds = self.won.predict(self.encoder.encode(rows), threads)
        return Curves.undated(expit(self.intercept + self.slope * odds))

    @property
    def bags(self) -> dict[str, Bag]:
        """The bags by name."""
        return {"won": self.won}

    def to_dict(self) -> dict[str, Any]:
        """Return all but the boosters, fit for JSON."""
        return {
            "encoder": self.encoder.to_dict(),
            "offsets": {"won": self.won.offset},
            "line": [self.intercept, self.slope],
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any], boosters: dict[str, tuple[Any, ...]]) -> Self:
        """Put what `to_dict` wrote and the boosters by bag together."""
        encoder = Encoder.from_dict(document["encoder"])
        bag = Bag(boosters["won"], document["offsets"]["won"])
        return cls(encoder, bag, *document["line"])


def _line(odds: Array, won: Array) -> tuple[float, float]:
    """Minimise the log-loss over intercept and slope, held to "all are alike"; Platt (1999)."""
    mean, spread = odds.mean(), odds.var()
    pull = _PULL * np.array([1.0, spread])

    def loss(line: Array) -> tuple[float, Array]:
        straight = mean + line[0] + line[1] * (odds - mean)
        residual = expit(straight) - won
        value = (np.logaddexp(0.0, straight) - won * straight).sum() + pull @ line**2 / 2
        return value, np.array([residual.sum(), residual @ (odds - mean)]) + pull * line

    shift, slope = minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B").x
    return float(mean + shift - slope * mean), float(slope)
