"""A pipeline's own pace: how often to look, how far ahead, and in which steps."""

import math
from dataclasses import dataclass
from typing import Final, Self

import narwhals as nw
import numpy as np

from data.contract import Pipeline
from data.moments import DAY
from data.tables import Tables

_STEPS: Final = (1, 2, 3, 4, 5, 7, 10, 14, 21, 28, 35, 49, 70, 91)
"""Bin ends in cadences: fine where deals move now, wider where little is known."""

_CADENCES: Final = (1, 2, 3, 7)


@dataclass(frozen=True)
class Pace:
    """How time is cut for one pipeline.

    Attributes:
        cadence_days: days between snapshots, and the length of the first bin.
        horizons_days: days ahead at which forecasts are judged, ascending; of a pipeline that is
            not dated the end alone, inf.
        edges: bin edges in days ahead, from 0 to the last horizon, every horizon among them.
    """

    cadence_days: int
    horizons_days: tuple[float, ...]
    edges: tuple[float, ...]

    @classmethod
    def of(cls, cadence_days: int, horizons_days: tuple[float, ...]) -> Self:
        """Cut time so that every horizon is an edge and no edge lies within a tenth of one."""
        steps = [cadence_days * step for step in _STEPS if cadence_days * step < horizons_days[-1]]
        free = {s for s in steps if all(abs(s - h) > h / 10 for h in horizons_days)}
        return cls(cadence_days, horizons_days, (0, *sorted(free | set(horizons_days))))

    @classmethod
    def learn(cls, tables: Tables, pipeline: Pipeline) -> Self:
        """Read the pace off closed deals; the pipeline's settings go first.

        The 90th percentile of their life is the scale: some twenty snapshots within it, daily to
        weekly, and horizons at a quarter, half, one and one and a half of it, in whole weeks.
        """
        if not pipeline.dated:
            return cls(1, (math.inf,), (0, math.inf))
        closed = tables.deals.filter(~nw.col("closed_recorded_at").is_null())
        lives = (
            closed.select(life=nw.col("closed_recorded_at") - nw.col("created_at"))
            .collect(backend="polars")["life"]
            .to_numpy()
        )
        scale = float(np.quantile(lives, 0.9)) / DAY if len(lives) else 90.0
        weeks = sorted({max(1, round(scale / 7 * share)) for share in (0.25, 0.5, 1, 1.5)})
        return cls.of(
            pipeline.cadence_days or min(_CADENCES, key=lambda days: abs(days - scale / 20)),
            pipeline.horizons_days or tuple(7 * w for w in weeks),
        )
