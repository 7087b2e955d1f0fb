"""The stage baseline: what became of deals in the same stage."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from models.curve import LOST, WON, Array, Curves
from models.sample import Sample


@dataclass(frozen=True)
class StageAalenJohansen:
    """What became of deals in the same stage: the Aalen-Johansen estimate by stage.

    Attributes:
        edges: days ahead, [k + 1].
        stages: name to row; "" stands for all deals, used for a stage never seen.
        won: cumulative incidence by stage, [stages, k + 1].
        lost: the same for lost.
    """

    edges: Array
    stages: tuple[str, ...]
    won: Array
    lost: Array

    @classmethod
    def fit(cls, sample: Sample, edges: Array) -> Self:
        """Estimate by stage, closings after the data's end being censored there."""
        stage = sample.rows["stage"].fill_null("").to_numpy()
        stages = tuple(sorted(set(stage.tolist()) | {""}))
        curves = [
            _aalen_johansen(sample.days[of], sample.cause[of], sample.seen[of], edges)
            for of in (np.full(len(stage), True) if s == "" else stage == s for s in stages)
        ]
        won, lost = (np.array(side) for side in zip(*curves, strict=True))
        return cls(edges, stages, won, lost)

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows by their stage."""
        place = {stage: number for number, stage in enumerate(self.stages)}
        of = np.array([place.get(s or "", place[""]) for s in rows["stage"]], dtype=np.int64)
        return Curves(self.edges, self.won[of], self.lost[of])

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        return {
            "edges": self.edges.tolist(),
            "stages": list(self.stages),
            "won": self.won.tolist(),
            "lost": self.lost.tolist(),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        arrays = {name: np.array(document[name]) for name in ("edges", "won", "lost")}
        return cls(stages=tuple(document["stages"]), **arrays)


def _aalen_johansen(
    days: Array, cause: np.ndarray, seen: Array, edges: Array
) -> tuple[Array, Array]:
    """Aalen & Johansen (1978): F_k(t) = sum over closings up to t of S(before) / at risk.

    Returns:
        Cumulative incidence of won and of lost at the edges, each [k + 1].
    """
    until = np.minimum(days, seen)
    closed = days <= seen
    order = np.lexsort((~closed, until))  # at one time, closings go before those lost from sight
    at_risk = len(until) - np.arange(len(until))
    happened = np.where(closed, cause, 0)[order]
    stays = np.cumprod(1.0 - (happened > 0) / at_risk)
    before = np.concatenate([[1.0], stays[:-1]])
    place = np.searchsorted(until[order], edges, side="right")
    won, lost = (
        np.concatenate([[0.0], np.cumsum(before * (happened == which) / at_risk)])[place]
        for which in (WON, LOST)
    )
    return won, lost
