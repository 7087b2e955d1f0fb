"""Rolling origins: freeze the pipeline at past moments, score, and look up what came."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data.contract import Pipeline
from data.errors import BadInput
from data.moments import DAY, iso
from data.tables import Tables
from features.compute import compute
from features.snapshots import open_snapshots
from models.boosting import Settings
from models.curve import Curves
from models.sample import Sample
from training.fit import Fitted, fit, pace_of
from training.matrix import settled, with_outcomes
from training.metrics import Interval, Judged, judge, log_losses, outcome_at, paired_difference


@dataclass(frozen=True)
class Origin:
    """One freeze: what was said of the deals open then, and what came of them."""

    as_of: int
    fitted: Fitted
    outcomes: Sample
    curves: Curves
    baseline: Curves

    def judged(self) -> list[Judged]:
        """Judge every horizon that lies within the data."""
        horizons = self.fitted.pace.horizons_days
        found = [judge(self.outcomes, self.curves, self.baseline, h) for h in horizons]
        return [one for one in found if one is not None]


def backtest(
    tables: Tables,
    pipeline: Pipeline,
    as_of: int,
    settings: Settings,
    seed: int,
    horizons_days: tuple[int, ...] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Origin:
    """Train on what was known by `as_of`, score what was open then, look up what came.

    Raises:
        BadInput: no deal is open at the origin, or the data end before its first horizon.
    """
    progress(f"origin {iso(as_of)}")
    frozen, end = tables.known_by(as_of), settled(tables)
    first = pace_of(frozen, pipeline, horizons_days).horizons_days[0]
    if end < as_of + first * DAY:
        raise BadInput(
            "the origin is too late to look up what came",
            field="origin",
            value=iso(as_of),
            allowed=f"{first} days or more before {iso(end)}",
            remedy="choose an earlier origin or a shorter horizon",
        )
    fitted = fit(frozen, pipeline, as_of, settings, seed, horizons_days, progress)
    rows = compute(frozen, open_snapshots(frozen, as_of), fitted.context)
    if rows.is_empty():
        raise BadInput("no deal is open then", field="origin", value=iso(as_of))
    outcomes = with_outcomes(rows, tables, end)
    return Origin(as_of, fitted, outcomes, fitted.model.curves(rows), fitted.baseline.curves(rows))


def skill(origin: Origin, rng: np.random.Generator) -> Interval:
    """Return the log-loss that the model saves (below zero) against the baseline.

    A deal counts with its mean over the horizons judged; the interval draws whole accounts.
    """
    horizons = [one.horizon_days for one in origin.judged()]
    outcomes = [outcome_at(origin.outcomes, days) for days in horizons]
    ours, theirs = (
        np.mean(
            [log_losses(curves.at(h), o) for h, o in zip(horizons, outcomes, strict=True)], axis=0
        )
        for curves in (origin.curves, origin.baseline)
    )
    return paired_difference(ours, theirs, origin.outcomes.groups, rng)
