"""How long things take and how they end, with those still waiting counted as waiting.

Who leaves out what has not ended yet sees quick ends only. Here a deal that still waits counts
until now and no further (right-censored): Kaplan & Meier (1958) for times, Aalen & Johansen (1978)
for what comes of them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from data.moments import DAY, HOUR
from models.baselines.stage import aalen_johansen
from models.curve import LOST, OPEN, WON, Array

_PER_DAY: Final = DAY / HOUR
_CAUSES: Final = 3


@dataclass(frozen=True)
class Waited:
    """What came of those who waited.

    Attributes:
        counted: how many.
        moved: of them have gone on by now.
        lost: were lost.
        waiting: still wait.
        conversion: the share expected to go on in the end, None where nothing has ended; those
            still waiting when the longest wait ends divide as the others did.
        median: days until half have ended, one way or the other; None where it is not seen.
        p90: the same for nine in ten.
        mean: mean days, of the time that is seen; None where nothing has ended.
    """

    counted: int
    moved: int
    lost: int
    waiting: int
    conversion: float | None
    median: float | None
    p90: float | None
    mean: float | None

    @property
    def so_far(self) -> float | None:
        """The share that has gone on by now: too low while some still wait."""
        return self.moved / self.counted if self.counted else None


def waited(spans: pl.DataFrame) -> Waited:
    """Estimate times and ends.

    Args:
        spans: columns span (microseconds, to the end or until now) and ended (`moved`, `lost`,
            or null while it waits). Times are told by the hour.
    """
    ended = pl.col("ended")
    told = spans.select(
        hours=((pl.col("span").clip(lower_bound=0) + HOUR // 2) // HOUR),
        cause=pl.when(ended.is_null()).then(OPEN).when(ended == "moved").then(WON).otherwise(LOST),
    )
    # counted by hour and cause: a year's cohort of a large company has a million rows
    kinds = told.select(pl.col("hours") * _CAUSES + pl.col("cause")).to_series().to_numpy()
    counts = np.bincount(kinds.astype(np.int64))
    there = np.flatnonzero(counts)
    days, cause, number = there // _CAUSES / _PER_DAY, there % _CAUSES, counts[there]
    of = {which: int(number[cause == which].sum()) for which in (WON, LOST, OPEN)}
    counted = (len(spans), of[WON], of[LOST], of[OPEN])
    if not of[WON] + of[LOST]:
        return Waited(*counted, None, None, None, None)
    until = np.where(cause == OPEN, np.inf, days)
    edges = np.unique(np.concatenate([[0.0], days]))
    moved, lost = aalen_johansen(until, cause, days, edges, number.astype(float))
    gone = moved + lost
    mean = float(((1.0 - gone)[:-1] * np.diff(edges)).sum())
    return Waited(
        *counted,
        conversion=float(moved[-1] / gone[-1]),
        median=_by(edges, gone, 0.5),
        p90=_by(edges, gone, 0.9),
        mean=mean,
    )


def _by(edges: Array, ended: Array, share: float) -> float | None:
    """Return the first moment by which a share has ended."""
    there = np.flatnonzero(ended >= share - 1e-12)
    return float(edges[there[0]]) if len(there) else None
