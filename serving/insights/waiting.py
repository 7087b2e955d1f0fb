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
    causes = pl.col("ended").replace_strict(
        {"moved": WON, "lost": LOST}, default=OPEN, return_dtype=pl.Int64
    )
    hours = (pl.col("span").clip(lower_bound=0) / HOUR).round().cast(pl.Int64)
    told = spans.group_by(hours=hours, cause=causes).agg(count=pl.len().cast(pl.Float64))
    counts = {cause: int(told.filter(cause=cause)["count"].sum()) for cause in (WON, LOST, OPEN)}
    counted = (sum(counts.values()), counts[WON], counts[LOST], counts[OPEN])
    if not counts[WON] + counts[LOST]:
        return Waited(*counted, None, None, None, None)
    told = told.sort("hours", "cause")
    days, cause = told["hours"].to_numpy() / _PER_DAY, told["cause"].to_numpy()
    until = np.where(cause == OPEN, np.inf, days)
    edges = np.unique(np.concatenate([[0.0], days]))
    moved, lost = aalen_johansen(until, cause, days, edges, told["count"].to_numpy())
    ended = moved + lost
    mean = float(((1.0 - ended)[:-1] * np.diff(edges)).sum())
    return Waited(
        *counted,
        conversion=float(moved[-1] / ended[-1]),
        median=_by(edges, ended, 0.5),
        p90=_by(edges, ended, 0.9),
        mean=mean,
    )


def _by(edges: Array, ended: Array, share: float) -> float | None:
    """Return the first moment by which a share has ended."""
    there = np.flatnonzero(ended >= share - 1e-12)
    return float(edges[there[0]]) if len(there) else None
