"""One pair of curves a deal: probability won by then, probability lost by then.

Everything said of a deal is read off them, so no two statements can contradict each other.
"""

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

OPEN, WON, LOST = 0, 1, 2


@dataclass(frozen=True)
class Curves:
    """Cumulative incidences of n deals at k + 1 edges.

    Attributes:
        edges: days ahead, [k + 1], from 0, ascending.
        won: probability won by each edge, [n, k + 1]; 0 at first, never falling.
        lost: probability lost by each edge, [n, k + 1]; won + lost is at most 1.
    """

    edges: Array
    won: Array
    lost: Array

    @classmethod
    def from_hazards(cls, edges: Array, won: Array, lost: Array) -> Self:
        """Multiply up the hazards of k bins, each [n, k].

        Within a bin, an open deal is won with hazard h_won, lost with h_lost, or stays open:
        S_j = S_{j-1} (1 - h_won - h_lost), F_j = F_{j-1} + S_{j-1} h.
        """
        stays = np.cumprod(1.0 - won - lost, axis=1)
        before = np.hstack([np.ones((len(won), 1)), stays[:, :-1]])
        start = np.zeros((len(won), 1))
        return cls(
            edges,
            np.hstack([start, np.cumsum(before * won, axis=1)]),
            np.hstack([start, np.cumsum(before * lost, axis=1)]),
        )

    def __len__(self) -> int:
        """How many deals."""
        return len(self.won)

    def won_by(self, days: float) -> Array:
        """Probability won within so many days, [n]; beyond the last edge the curve is flat."""
        return self._at(self.won, days)

    def lost_by(self, days: float) -> Array:
        """Probability lost within so many days, [n]; beyond the last edge the curve is flat."""
        return self._at(self.lost, days)

    def at(self, days: float) -> Array:
        """Probabilities of open, won and lost after so many days, [n, 3]."""
        won, lost = self.won_by(days), self.lost_by(days)
        return np.column_stack([1.0 - won - lost, won, lost])

    def close_days(self, quantile: float) -> Array:
        """Days until won, given won by the last edge, at a quantile, [n]; nan without a chance."""
        target = quantile * self.won[:, -1:]
        after = np.argmax(self.won >= target, axis=1).clip(min=1)
        rows = np.arange(len(self.won))
        low, high = self.won[rows, after - 1], self.won[rows, after]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = (target[:, 0] - low) / (high - low)
            days = self.edges[after - 1] + share * (self.edges[after] - self.edges[after - 1])
        return np.where(self.won[:, -1] > 0, days, np.nan)

    def _at(self, curve: Array, days: float) -> Array:
        """Read between edges: within a bin a closing is as likely on one day as on another."""
        after = int(np.clip(np.searchsorted(self.edges, days), 1, len(self.edges) - 1))
        start, end = self.edges[after - 1], self.edges[after]
        share = np.clip((days - start) / (end - start), 0.0, 1.0)
        read: Array = curve[:, after - 1] * (1.0 - share) + curve[:, after] * share
        return read
