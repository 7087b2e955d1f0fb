"""One pair of curves a deal: probability won by then, probability lost by then.

Everything said of a deal is read off them, so no two statements can contradict each other.
"""

from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

OPEN, WON, LOST = 0, 1, 2


@dataclass(frozen=True)
class Curves:
    """Cumulative incidences of n deals at k + 1 edges.

    Beyond the last edge the hazards of the last bin go on for ever, so every date has a
    probability and every deal an end. Curves over the one bin from 0 to infinity say what becomes
    of a deal and not when: whatever asks them for a time is told nan.

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

    @classmethod
    def undated(cls, won: Array) -> Self:
        """Return curves that say only who is won in the end, from probabilities [n]."""
        return cls.from_hazards(np.array([0.0, np.inf]), won[:, None], 1.0 - won[:, None])

    def __len__(self) -> int:
        """How many deals."""
        return len(self.won)

    def take(self, rows: np.ndarray) -> Self:
        """Return the curves of some deals, given as a mask or as places."""
        return replace(self, won=self.won[rows], lost=self.lost[rows])

    @property
    def dated(self) -> bool:
        """Whether they say when."""
        return bool(np.isfinite(self.edges[-1]))

    def won_by(self, days: float | Array) -> Array:
        """Probability won within so many days (or so many each), [n]; [k, n] of days [k, 1]."""
        return self._by(self.won, days)

    def lost_by(self, days: float | Array) -> Array:
        """Probability lost within so many days (or so many each), [n]; [k, n] of days [k, 1]."""
        return self._by(self.lost, days)

    def at(self, days: float) -> Array:
        """Probabilities of open, won and lost after so many days, [n, 3]; inf is the end."""
        won, lost = self.won_by(days), self.lost_by(days)
        return np.column_stack([1.0 - won - lost, won, lost])

    def close_days(self, quantile: float | Array) -> Array:
        """Days until won, given that it is won, at a quantile (or one each), [n]; nan if never.

        Of quantiles [k, 1] they are [k, n].
        """
        return self._days_until(self.won, quantile)

    def end_days(self, quantile: float | Array) -> Array:
        """Days until won or lost at a quantile, [n]; nan where it never ends; see `close_days`."""
        return self._days_until(self.won + self.lost, quantile)

    def _by(self, curve: Array, days: float | Array) -> Array:
        """Read between edges: within a bin a closing is as likely on one day as on another."""
        each = np.asarray(days, float) + np.zeros(len(curve))
        if not self.dated:
            return np.where(np.isinf(each), curve[:, -1], np.nan)
        within, rows = np.minimum(each, self.edges[-1]), np.arange(len(curve))
        after = np.searchsorted(self.edges, within).clip(1, len(self.edges) - 1)
        start, end = self.edges[after - 1], self.edges[after]
        share = np.maximum((within - start) / (end - start), 0.0)
        read: Array = curve[rows, after - 1] * (1.0 - share) + curve[rows, after] * share
        beyond = each > self.edges[-1]
        if beyond.any():
            tail, stays, width = self._tail(curve)
            gone = tail * (1.0 - stays ** ((each - within) / width))
            read = np.where(beyond, curve[:, -1] + gone, read)
        return read

    def _tail(self, curve: Array) -> tuple[Array, Array, float]:
        """Return what the curve still gains in the end, the share that a bin leaves, its width.

        With the last bin's hazards h_k and their sum h, gone on with for m bins more:
        F_k = F_k(last) + S(last) · h_k / h · (1 - (1 - h)^m).
        """
        both = self.won + self.lost
        # a sum may be above 1 by a rounding, and a power of what is below 0 is nothing
        before, after = (np.maximum(1.0 - both[:, edge], 0.0) for edge in (-2, -1))
        closes, rises = both[:, -1] - both[:, -2], curve[:, -1] - curve[:, -2]
        share = np.divide(rises, closes, out=np.zeros(len(curve)), where=closes > 0)
        stays = np.divide(after, before, out=np.ones(len(curve)), where=before > 0)
        return after * share, stays, float(self.edges[-1] - self.edges[-2])

    def _days_until(self, curve: Array, quantile: float | Array) -> Array:
        if not self.dated:
            return quantile * np.full(len(curve), np.nan)
        tail, stays, width = self._tail(curve)
        target = quantile * (curve[:, -1] + tail)
        after = np.argmax(curve >= target[..., None], axis=-1).clip(min=1)
        rows = np.arange(len(curve))
        low, high = curve[rows, after - 1], curve[rows, after]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = (target - low) / (high - low)
            within = self.edges[after - 1] + share * (self.edges[after] - self.edges[after - 1])
            left = np.clip(1.0 - (target - curve[:, -1]) / tail, 0.0, 1.0)
            beyond = self.edges[-1] + width * np.log(left) / np.log(stays)
        days = np.where(target <= curve[:, -1], within, beyond)
        return np.where(target > 0, days, np.nan)
