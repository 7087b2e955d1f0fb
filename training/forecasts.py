"""Forecasts at one horizon beside what came, of the deals of one origin or of several."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import polars as pl

from models.curve import Array

MODEL: Final = "model"
STAGE: Final = "stage"
"""The stage Aalen-Johansen: the baseline that always speaks."""
STAGE_TIME: Final = "stage_time"
"""The same by the time in the stage as well, where there are dates."""


@dataclass(frozen=True)
class Forecasts:
    """What was said of n deals so many days ahead, and what came.

    Attributes:
        horizon_days: days ahead; inf is the end.
        said: probabilities of open, won and lost by who said them, `MODEL` first and `STAGE`
            next, each [n, 3].
        outcome: OPEN, WON or LOST by then, [n].
        groups: accounts or deals, [n].
        deals: what was known of them at their origin, see `segments.known_then`, with as_of.
    """

    horizon_days: float
    said: dict[str, Array]
    outcome: np.ndarray
    groups: np.ndarray
    deals: pl.DataFrame

    def __len__(self) -> int:
        """How many deals, each counting once at each origin."""
        return len(self.outcome)

    @property
    def amounts(self) -> Array:
        """The amounts as they stood, [n]: the median where unknown, 1 where all are."""
        amount = self.deals["amount"]
        known = amount.median()
        filled: Array = amount.fill_null(1.0 if known is None else known).to_numpy()
        return filled

    @property
    def lists(self) -> np.ndarray:
        """Which list a deal stands on: its owner's at that origin, [n]."""
        names = pl.format("{} {}", "as_of", pl.col("owner_id").fill_null(""))
        return self.deals.select(names).to_series().to_numpy()

    def take(self, rows: np.ndarray) -> Self:
        """Return those of some rows, given as a mask or as places."""
        return replace(
            self,
            said={name: said[rows] for name, said in self.said.items()},
            outcome=self.outcome[rows],
            groups=self.groups[rows],
            deals=self.deals.filter(rows) if rows.dtype == bool else self.deals[rows],
        )

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """Put several origins' forecasts together; who was silent at one is left out."""
        names = [name for name in parts[0].said if all(name in part.said for part in parts)]
        return replace(
            parts[0],
            said={name: np.concatenate([part.said[name] for part in parts]) for name in names},
            outcome=np.concatenate([part.outcome for part in parts]),
            groups=np.concatenate([part.groups for part in parts]),
            deals=pl.concat([part.deals for part in parts]),
        )
