"""Snapshots and what came of them: what every model and baseline is fitted on."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from data.moments import DAY
from models.curve import OPEN, Array


@dataclass(frozen=True)
class Sample:
    """n snapshots with their outcomes as far as the data reach.

    Attributes:
        rows: feature rows, with deal_id and as_of.
        days: days from as_of to the closing, above 0, [n]; inf where it is not known to close.
        cause: OPEN, WON or LOST, [n].
        seen: days from as_of to the moment up to which closings are known, [n].
        groups: what must not be split between fitting and checking (account or deal), [n].
    """

    rows: pl.DataFrame
    days: Array
    cause: np.ndarray
    seen: Array
    groups: np.ndarray

    def __len__(self) -> int:
        """How many snapshots."""
        return len(self.days)

    @property
    def history_days(self) -> float:
        """Days from the first snapshot to the last moment up to which closings are known."""
        as_of = self.rows["as_of"].to_numpy() / DAY
        return float(np.ptp(np.concatenate([as_of, as_of + self.seen])))

    def take(self, rows: np.ndarray) -> "Sample":
        """Return the snapshots at some places, [m]."""
        parts = (self.days, self.cause, self.seen, self.groups)
        return Sample(self.rows[rows], *(part[rows] for part in parts))

    def known_at(self, moment: float) -> "Sample":
        """Return the same snapshots as if closings were known up to a moment only."""
        seen = np.minimum(self.seen, (moment - self.rows["as_of"].to_numpy()) / DAY)
        known = self.days <= seen
        days, cause = np.where(known, self.days, np.inf), np.where(known, self.cause, OPEN)
        return Sample(self.rows, days, cause, seen, self.groups)

    def bins(self, edges: Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unfold the snapshots into the bins that may teach.

        A bin teaches only when the whole of it lies before the data's end. Half-seen bins would
        show the closings that came quickly and hide those still to come.

        Returns:
            snapshot [rows], bin [rows], and what happened in it (OPEN, WON or LOST) [rows].
        """
        whole = self.seen[:, None] >= edges[None, 1:]
        places = np.nonzero(whole & (self.days[:, None] > edges[None, :-1]))
        snapshot, number = (place.astype(np.int32) for place in places)  # there are very many
        closes = self.days[snapshot] <= edges[number + 1]
        return snapshot, number, np.where(closes, self.cause[snapshot], 0)
