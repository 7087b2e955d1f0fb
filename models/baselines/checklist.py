"""The handbook's rule of thumb: a checklist that looks so good is won so often."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from data.errors import NotReady
from models.curve import WON, Curves
from models.sample import Sample


@dataclass(frozen=True)
class Rule:
    """What a checklist must show: 8 C, 1 F, 0 W or better means a win rate of at least 60 %.

    Attributes:
        confirmed: items confirmed (C) at least.
        failed: items failed (F) at most.
        waiting: items waiting (W) at most.
        win_rate: what the handbook then promises at least.
    """

    confirmed: int = 8
    failed: int = 1
    waiting: int = 0
    win_rate: float = 0.6

    def met(self, rows: pl.DataFrame) -> np.ndarray:
        """Return whether feature rows meet it, [n]."""
        met: np.ndarray = rows.select(
            (pl.col("confirmed") >= self.confirmed)
            & (pl.col("failed") <= self.failed)
            & (pl.col("waiting") <= self.waiting)
        ).to_numpy()[:, 0]
        return met


@dataclass(frozen=True)
class ChecklistRule:
    """The rule with the rates that were observed. It does not say when.

    Attributes:
        rule: the rule; its own win rate stands beside what came of it.
        rate_met: share won of the snapshots that met it.
        rate_not_met: share won of those that did not.
    """

    rule: Rule
    rate_met: float
    rate_not_met: float

    @classmethod
    def fit(cls, past: Sample, rule: Rule | None = None) -> Self:
        """Count over the snapshots of deals that are closed by now.

        Raises:
            NotReady: there is no checklist, or all of the snapshots are on one side of the rule.
        """
        rule = rule or Rule()
        if not past.rows.select(pl.col("confirmed", "failed", "waiting") != 0).to_numpy().any():
            raise NotReady("the pipeline has no checklist")
        closed = past.days <= past.seen
        won, met = past.cause[closed] == WON, rule.met(past.rows)[closed]
        if met.all() or not met.any():
            raise NotReady("all closed deals are on one side of the checklist rule")
        return cls(rule, float(won[met].mean()), float(won[~met].mean()))

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return undated curves of feature rows."""
        return Curves.undated(np.where(self.rule.met(rows), self.rate_met, self.rate_not_met))
