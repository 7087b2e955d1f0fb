"""The seller's own word: the commit class, and the stated close date."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl

from data.errors import NotReady
from models.curve import LOST, WON, Array, Curves
from models.sample import Sample

COMMIT: Final = "commit"
"""The tracked attribute that holds the seller's class."""
STATED: Final = "to_stated_close"
"""The feature that holds the days to the stated close date."""


@dataclass(frozen=True)
class SellerCommit:
    """A deal closes on its stated date or not at all: a step, as high as the class has earned.

    P(won by t) = r_won(class) where the stated date is at most t, else 0; lost likewise. The rates
    r are the shares of past snapshots of the class that were won, or lost, by their stated date.
    A date that has passed already counts from the first edge on; without one nothing is said to
    close. What a seller ruled out and came all the same costs the log-loss of an impossibility.

    Attributes:
        edges: days ahead, [k + 1].
        rates: class to its shares won and lost; "" stands for all, used for a class never seen.
    """

    edges: Array
    rates: dict[str, tuple[float, float]]

    @classmethod
    def fit(cls, past: Sample, edges: Array) -> Self:
        """Count over the snapshots whose stated date lay ahead then, and in the data now.

        Raises:
            NotReady: sellers state no class or no date, or none of the dates has come.
        """
        if COMMIT not in past.rows.columns or past.rows[COMMIT].null_count() == len(past):
            raise NotReady("sellers state no commit")
        stated = _stated(past.rows)
        told = past.rows.select(
            pl.col(COMMIT).fill_null(""),
            won=pl.Series((past.days <= stated) & (past.cause == WON)),
            lost=pl.Series((past.days <= stated) & (past.cause == LOST)),
        ).filter(pl.Series((stated > 0) & (stated <= past.seen)))
        if told.is_empty():
            raise NotReady("no stated close date has come yet")
        shares = told.group_by(COMMIT).agg(pl.col("won", "lost").mean()).sort(COMMIT)
        rates = {name: (won, lost) for name, won, lost in shares.iter_rows() if name}
        overall = told.select(pl.col("won", "lost").mean()).row(0)
        return cls(edges, {"": overall, **rates})

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows: a step at the first edge after the stated date."""
        rates = np.array([self.rates.get(name or "", self.rates[""]) for name in rows[COMMIT]])
        rates = rates.reshape(len(rows), 2)
        stated = _stated(rows)[:, None]
        closes = (self.edges > 0) & (stated <= self.edges) & np.isfinite(stated)
        return Curves(self.edges, closes * rates[:, :1], closes * rates[:, 1:])


def _stated(rows: pl.DataFrame) -> Array:
    """Return days to the stated close date, [n]; inf without one."""
    days: Array = rows[STATED].fill_null(np.inf).to_numpy()
    return days
