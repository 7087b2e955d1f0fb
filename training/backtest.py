"""Rolling origins: freeze the pipeline at past moments, score, and look up what came."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import narwhals as nw
import numpy as np
import polars as pl

from data.contract import Pipeline
from data.errors import BadInput, NotReady
from data.moments import DAY, days_in_words, iso
from data.places import tell_place
from data.tables import Tables, collect
from features.catalogue import Family
from features.compute import compute
from features.snapshots import first_snapshots, open_snapshots
from models.amount import current
from models.baselines import fit_others
from models.boosting import Settings
from models.bundle import Model
from models.curve import OPEN, Curves
from models.sample import Sample
from training.amounts import Amounts
from training.fit import LEAST_CLOSINGS, Fitted, closings_of, fit, pace_of
from training.forecasts import MODEL, STAGE, Forecasts
from training.judged import Judged, judge
from training.matrix import final_amounts, settled, with_outcomes
from training.metrics import Draws, Interval, log_losses, outcome_at
from training.metrics.closing import Dates, Event
from training.segments import known_then

_TAUGHT: Final = 0.8
"""The share of records without dates that teach, those before the rest; the rest judge."""


@dataclass(frozen=True)
class Origin:
    """One freeze: what was said of the deals open then, and what came of them.

    Attributes:
        as_of: the moment (microseconds of UTC).
        fitted: the model, without the snapshots it was fitted on: of a dozen origins they would
            not fit in memory.
        outcomes: its deals and what came of them.
        deals: what was known of them, see `segments.known_then`, with as_of.
        curves: what the model said.
        baselines: what each baseline said, by name, `STAGE` first; curves that are not dated
            speak of the end only.
        silent: why the other baselines cannot speak of this pipeline, by name.
        amounts: what those that were won were said to bring, and brought.
    """

    as_of: int
    fitted: Fitted
    outcomes: Sample
    deals: pl.DataFrame
    curves: Curves
    baselines: dict[str, Curves]
    silent: dict[str, str]
    amounts: Amounts

    @property
    def baseline(self) -> Curves:
        """The stage baseline."""
        return self.baselines[STAGE]

    def forecasts(self, horizon_days: float) -> Forecasts | None:
        """Return what was said of a horizon; None where it reaches beyond the data."""
        seen = self.outcomes.seen >= horizon_days
        if not seen.any():
            return None
        said = {name: curves.at(horizon_days) for name, curves in self._speakers().items()}
        return Forecasts(
            horizon_days,
            {name: one for name, one in said.items() if np.isfinite(one).all()},
            outcome_at(self.outcomes, horizon_days),
            self.outcomes.groups,
            self.deals,
        ).take(seen)

    def eventual(self) -> Forecasts:
        """Return what was said of the end, given that it comes, of the deals that are closed.

        Deals still open when the data end are left out. Those are the slow ones, so the figures
        are honest only where they are few.
        """
        said = {name: curves.at(np.inf) for name, curves in self._speakers().items()}
        for one in said.values():
            one[:, OPEN] = 0.0
        closed = self.outcomes.days <= self.outcomes.seen
        return Forecasts(
            np.inf,
            {name: _shares(one) for name, one in said.items()},
            self.outcomes.cause,
            self.outcomes.groups,
            self.deals,
        ).take(closed)

    def _speakers(self) -> dict[str, Curves]:
        return {MODEL: self.curves, **self.baselines}


def _shares(said: np.ndarray) -> np.ndarray:
    """Scale rows [n, 3] to sum to one; of a deal that never ends nothing is known."""
    total = said.sum(axis=1, keepdims=True)
    even = np.broadcast_to([0.0, 0.5, 0.5], said.shape)
    return np.where(total > 0, said / np.where(total > 0, total, 1.0), even)


@dataclass(frozen=True)
class Backtest:
    """One origin or several, judged together.

    A deal that is open at several origins counts at each; intervals draw it, with all deals of
    its account, at all of them at once.
    """

    origins: Sequence[Origin]
    seed: int = 0

    @property
    def dated(self) -> bool:
        """Whether forecasts say when, and not only who is won in the end."""
        return self.origins[0].curves.dated

    @cached_property
    def draws(self) -> Draws:
        """The accounts drawn, the same for every figure."""
        groups = np.concatenate([origin.outcomes.groups for origin in self.origins])
        return Draws(groups, self.seed)

    @property
    def horizons_days(self) -> list[float]:
        """The horizons that lie within the data at one origin at least."""
        horizons = {h for origin in self.origins for h in origin.fitted.pace.horizons_days}
        seen = max(float(origin.outcomes.seen.max()) for origin in self.origins)
        return sorted(h for h in horizons if h <= seen)

    def forecasts(self, horizon_days: float) -> Forecasts:
        """Pool the origins whose horizon lies within the data."""
        found = [origin.forecasts(horizon_days) for origin in self.origins]
        return Forecasts.concat([one for one in found if one is not None])

    def eventual(self) -> Forecasts:
        """Pool what was said of the end, see `Origin.eventual`."""
        return Forecasts.concat([origin.eventual() for origin in self.origins])

    def judged(self) -> list[Judged]:
        """Judge every horizon, over all origins."""
        return [judge(self.forecasts(h), self.draws) for h in self.horizons_days]

    @property
    def amounts(self) -> Amounts:
        """What deals that were won were said to bring, and brought."""
        return Amounts.concat([origin.amounts for origin in self.origins])

    def dates(self, event: Event) -> Dates:
        """Return when deals were won, or closed at all, beside when they were said to."""
        return Dates.concat(
            [Dates.of(one.outcomes, one.curves, one.baseline, event) for one in self.origins]
        )

    def saved(self, baseline: str = STAGE) -> Interval:
        """Return the log-loss that the model saves (below zero) against a baseline.

        A deal at an origin counts with its mean over the horizons judged there.
        """
        parts = [_saved(origin, baseline) for origin in self.origins]
        groups = np.concatenate([origin.outcomes.groups for origin in self.origins])
        return self.draws.mean(groups, np.concatenate(parts))

    @property
    def stand_in(self) -> str:
        """The name of the baseline to serve in the model's stead: of those that may, the best.

        It is chosen by the same deals that the model is judged on, so it has a little luck with
        it, and a model that beats it has to beat that too.
        """
        may = [set(origin.fitted.baselines) & set(origin.baselines) for origin in self.origins]
        # the more the model saves, the worse is the baseline; of two alike the simpler
        return max(sorted(set.intersection(*may)), key=lambda name: self.saved(name).mean)

    def saved_at_who(self, baseline: str = STAGE) -> Interval | None:
        """Return the log-loss that the model saves at telling won from lost, whenever that was.

        Judged are the deals closed by the last horizon, by what was said of them given that they
        close by then: F_won / (F_won + F_lost). None where no deal had closed.
        """
        last = self.forecasts(self.horizons_days[-1])
        closed = last.take(last.outcome != OPEN)
        if not len(closed):
            return None
        ours, theirs = (
            log_losses(_shares(closed.said[name] * [0.0, 1.0, 1.0]), closed.outcome)
            for name in (MODEL, baseline)
        )
        return self.draws.mean(closed.groups, ours - theirs)


def _saved(origin: Origin, baseline: str) -> np.ndarray:
    found = [origin.forecasts(h) for h in origin.fitted.pace.horizons_days]
    saved = [
        log_losses(one.said[MODEL], one.outcome) - log_losses(one.said[baseline], one.outcome)
        for one in found
        if one is not None
    ]
    mean: np.ndarray = np.mean(saved, axis=0)
    return mean


def backtest(
    tables: Tables,
    pipeline: Pipeline,
    as_of: int,
    settings: Settings,
    seed: int,
    horizons_days: tuple[float, ...] | None = None,
    progress: Callable[[str], None] = lambda _: None,
    custom: tuple[Family, ...] = (),
) -> Origin:
    """Train on what was known by `as_of`, score what was open then, look up what came.

    Of records without dates, those that came after `as_of` and are closed are scored.

    Raises:
        BadInput: no deal is open at the origin, or the data end before its first horizon.
        NotReady: too little history before it for a model.
    """
    progress(f"origin {tell_place(pipeline, as_of)}")
    frozen, end = tables.known_by(as_of), settled(tables)
    if pipeline.dated:
        _check_seen(as_of, end, pace_of(frozen, pipeline, horizons_days).horizons_days[0])
    fitted = fit(frozen, pipeline, as_of, settings, seed, horizons_days, progress, custom)
    model = _fitted_model(tell_place(pipeline, as_of), fitted)
    if pipeline.dated:
        rows = compute(frozen, open_snapshots(frozen, as_of), fitted.context)
    else:
        later = first_snapshots(tables, closed=True).filter(nw.col("as_of") > as_of)
        rows = compute(tables, later, fitted.context)
    if rows.is_empty():
        raise BadInput(
            "no deal is open then" if pipeline.dated else "no record that is closed comes after it",
            field="origin",
            value=tell_place(pipeline, as_of),
        )
    outcomes = with_outcomes(rows, tables, end if pipeline.dated else math.inf)
    said, final = fitted.amount.expected(rows), final_amounts(rows, tables)
    others, silent = fit_others(fitted.sample, fitted.context, fitted.baseline.edges)
    return Origin(
        as_of,
        replace(fitted, sample=fitted.sample.take(np.arange(0))),
        outcomes,
        known_then(frozen, rows, as_of),
        model.curves(rows),
        {name: one.curves(rows) for name, one in (fitted.baselines | others).items()},
        silent,
        Amounts.of(outcomes, said, current(rows), final),
    )


def _check_seen(as_of: int, end: int, first_days: float) -> None:
    if end < as_of + first_days * DAY:
        raise BadInput(
            "the origin is too late to look up what came",
            field="origin",
            value=iso(as_of),
            allowed=f"{days_in_words(first_days)} or more before {iso(end)}",
            remedy="choose an earlier origin or a shorter horizon",
        )


def _fitted_model(origin: str, fitted: Fitted) -> Model:
    if fitted.model is not None:
        return fitted.model
    won, lost = closings_of(fitted.sample)
    raise NotReady(
        f"too little history to train on: {won} deals won, {lost} lost",
        field="origin",
        value=origin,
        allowed=f"at least {LEAST_CLOSINGS} won and {LEAST_CLOSINGS} lost before it",
        remedy="ingest more history or choose a later origin",
    )


def late_origin(tables: Tables, pipeline: Pipeline, horizons_days: tuple[float, ...]) -> int:
    """Return the moment to judge at: a middle horizon before the data's end.

    Where there are no dates, it is the one that four of five closed records came before.
    """
    if pipeline.dated:
        return settled(tables) - int(horizons_days[len(horizons_days) // 2] * DAY)
    came = collect(first_snapshots(tables, closed=True).select("as_of"))["as_of"]
    return int(came.quantile(_TAUGHT, "lower") or 0)
