"""Stage win rate times amount: how spreadsheets weigh a funnel."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from data.errors import NotReady
from models.curve import WON, Array, Curves
from models.sample import Sample


@dataclass(frozen=True)
class StageRate:
    """The share won of the closed deals that stood in a stage. It does not say when.

    Attributes:
        rates: share by stage.
        overall: share of all, for a stage never seen.
    """

    rates: dict[str, float]
    overall: float

    @classmethod
    def fit(cls, past: Sample) -> Self:
        """Count over the snapshots of deals that are closed by now.

        Raises:
            NotReady: none is.
        """
        won = past.rows.select("stage", won=pl.Series(past.cause == WON))
        closed = won.filter(pl.Series(past.days <= past.seen))
        if closed.is_empty():
            raise NotReady("no deal is closed yet")
        rates = closed.drop_nulls("stage").group_by("stage").agg(pl.col("won").mean())
        return cls(dict(rates.sort("stage").iter_rows()), float(closed["won"].to_numpy().mean()))

    def probability(self, rows: pl.DataFrame) -> Array:
        """Return the probability to be won in the end, [n]."""
        return np.array([self.rates.get(stage or "", self.overall) for stage in rows["stage"]])

    def bookings(self, rows: pl.DataFrame) -> Array:
        """Return the expected bookings, [n]: rate times amount, which counts 0 where unknown."""
        expected: Array = self.probability(rows) * rows["amount"].fill_null(0.0).to_numpy()
        return expected

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return undated curves of feature rows."""
        return Curves.undated(self.probability(rows))
