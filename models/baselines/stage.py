"""The stage baselines: what became of deals in the same stage, as long in it or whatever long."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import polars as pl

from models.curve import LOST, WON, Array, Curves
from models.sample import Sample

_GROUPS: Final = 10
"""Into how many groups a stage's snapshots are cut by the time in it, at most."""
_LEAST_CLOSINGS: Final = 40
"""Deals of a stage that have to have closed for each of its groups."""


@dataclass(frozen=True)
class StageAalenJohansen:
    """What became of deals in the same stage: the Aalen-Johansen estimate by stage.

    Told whatever long a deal has been in its stage, or by groups of the time in it (a landmark
    estimate: van Houwelingen & Putter 2012, ch. 2), since few hazards stay the same for long.

    Attributes:
        edges: days ahead, [k + 1].
        stages: the stage of each cell, ascending; "" stands for all deals, used for a stage never
            seen. One cell a stage, or one for each group of the time in it.
        since: days in the stage from which on a cell holds, ascending in each stage; the first
            holds from minus infinity, [cells].
        won: cumulative incidence by cell, [cells, k + 1].
        lost: the same for lost.
    """

    edges: Array
    stages: tuple[str, ...]
    since: Array
    won: Array
    lost: Array

    @classmethod
    def fit(cls, sample: Sample, edges: Array, timed: bool = False) -> Self:
        """Estimate by stage, closings after the data's end being censored there.

        Args:
            sample: snapshots and what came of them.
            edges: days ahead, [k + 1].
            timed: by groups of the time in the stage as well. Where a deal has no stage it is
                the deal's age; rows need the columns in_stage and age.
        """
        cells = list(_cells(sample, timed))
        curves = [
            aalen_johansen(sample.days[of], sample.cause[of], sample.seen[of], edges)
            for *_, of in cells
        ]
        won, lost = (np.array(side) for side in zip(*curves, strict=True))
        since = np.array([start for _, start, _ in cells])
        return cls(edges, tuple(stage for stage, *_ in cells), since, won, lost)

    @property
    def called(self) -> dict[str, str]:
        """What people call it, in zh and en."""
        if self.timed:
            return {"zh": "阶段与停留时间基线", "en": "baseline by stage and time in it"}
        return {"zh": "阶段基线", "en": "stage baseline"}

    @property
    def timed(self) -> bool:
        """Whether it asks how long a deal has been in its stage."""
        return len(set(self.stages)) < len(self.stages)

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows by their stage, and the time in it."""
        first = {stage: place for place, stage in reversed([*enumerate(self.stages)])}
        start = np.array([first.get(s or "", first[""]) for s in rows["stage"]], dtype=np.int64)
        of = start.copy()
        if self.timed:
            time = _time(rows)
            for place, stage in enumerate(self.stages):
                of[(start == first[stage]) & (time >= self.since[place])] = place
        return Curves(self.edges, self.won[of], self.lost[of])

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        return {
            "edges": self.edges.tolist(),
            "stages": list(self.stages),
            "since": [None if np.isinf(one) else one for one in self.since.tolist()],
            "won": self.won.tolist(),
            "lost": self.lost.tolist(),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        arrays = {name: np.array(document[name]) for name in ("edges", "won", "lost")}
        since = document.get("since", [None] * len(document["stages"]))
        starts = np.array([-np.inf if one is None else one for one in since])
        return cls(stages=tuple(document["stages"]), since=starts, **arrays)


def _cells(sample: Sample, timed: bool) -> Iterator[tuple[str, float, np.ndarray]]:
    """Yield each cell's stage, since when it holds, and its snapshots."""
    stage = sample.rows["stage"].fill_null("").to_numpy()
    time = _time(sample.rows) if timed else np.zeros(len(stage))
    for name in sorted(set(stage.tolist()) | {""}):
        of = np.full(len(stage), True) if name == "" else stage == name
        starts = [-np.inf, *(_cuts(sample, of, time) if timed else ())]
        for start, end in zip(starts, [*starts[1:], np.inf], strict=True):
            yield name, float(start), of & (start <= time) & (time < end)


def _cuts(sample: Sample, of: np.ndarray, time: Array) -> Array:
    """Cut a stage's snapshots into equal groups by time, as many as its closings can bear."""
    closed = of & (sample.days <= sample.seen)
    closings = sample.rows["deal_id"].to_numpy()[closed]
    groups = min(_GROUPS, len(np.unique(closings)) // _LEAST_CLOSINGS)
    if groups < 2:
        return np.empty(0)
    cuts = np.unique(np.quantile(time[of], np.linspace(0, 1, groups + 1)[1:-1]))
    above: Array = cuts[cuts > time[of].min()]  # nobody lies below the least
    return above


def _time(rows: pl.DataFrame) -> Array:
    """Return the days in the stage, or of the deal where it has none, [n]."""
    time = rows.select(pl.coalesce("in_stage", "age").cast(pl.Float64)).to_series()
    return np.asarray(time.to_numpy(), dtype=float)


def aalen_johansen(
    days: Array, cause: np.ndarray, seen: Array, edges: Array, weight: Array | None = None
) -> tuple[Array, Array]:
    """Aalen & Johansen (1978): F_k(t) = sum over closings up to t of S(before) / at risk.

    Args:
        days: until the closing, inf while there is none, [n].
        cause: `WON` or `LOST`, where it is closed, [n].
        seen: until when it was looked at, [n].
        edges: where the curves are read, [k + 1].
        weight: how many each row stands for, one by default, [n].

    Returns:
        Cumulative incidence of won and of lost at the edges, each [k + 1].
    """
    until = np.minimum(days, seen)
    closed = days <= seen
    order = np.lexsort((~closed, until))  # at one time, closings go before those lost from sight
    each = np.ones(len(until)) if weight is None else weight[order]
    at_risk = each[::-1].cumsum()[::-1]
    happened = np.where(closed, cause, 0)[order]
    stays = np.cumprod(1.0 - each * (happened > 0) / at_risk)
    before = np.concatenate([[1.0], stays[:-1]])
    place = np.searchsorted(until[order], edges, side="right")
    won, lost = (
        np.concatenate([[0.0], np.cumsum(before * each * (happened == which) / at_risk)])[place]
        for which in (WON, LOST)
    )
    return won, lost
