"""From a pipeline's tables to a fitted model and the baseline it must beat."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from data.contract import Attribute, Pipeline
from data.errors import NotReady
from data.moments import days_in_words
from data.tables import Tables, collect
from features.catalogue import Family, Feature
from features.compute import catalogue, compute
from features.context import Context
from features.custom import try_out
from features.learned import learned
from features.pace import Pace
from features.snapshots import first_snapshots, grid_snapshots
from models.amount import AmountModel
from models.baselines import StageAalenJohansen
from models.boosting import Settings
from models.bundle import Model
from models.curve import LOST, WON, Array
from models.hazard import HazardModel
from models.sample import Sample
from models.win import WinModel
from training.forecasts import STAGE, STAGE_TIME
from training.matrix import final_amounts, settled, with_outcomes

LEAST_CLOSINGS = 40
"""Won and lost deals that a model needs; below, only the baseline can be fitted."""


@dataclass(frozen=True)
class Prepared:
    """What models are fitted on, and all that is needed to ask them about new snapshots."""

    pipeline: Pipeline
    end: int
    pace: Pace
    context: Context
    features: list[Feature]
    sample: Sample

    @property
    def edges(self) -> Array:
        """Bin edges in days ahead, [k + 1]."""
        return np.array(self.pace.edges, dtype=float)


@dataclass(frozen=True)
class Fitted(Prepared):
    """A model, none where the history is too short for one, what it must beat, and amounts.

    Attributes:
        baselines: those that may serve in the model's stead, by name: `STAGE`, and where there
            are dates `STAGE_TIME`.
    """

    model: Model | None
    baselines: dict[str, StageAalenJohansen]
    amount: AmountModel

    @property
    def baseline(self) -> StageAalenJohansen:
        """The simplest of them, by stage alone."""
        return self.baselines[STAGE]


def prepare(
    tables: Tables,
    pipeline: Pipeline,
    as_of: int,
    horizons_days: tuple[float, ...] | None = None,
    progress: Callable[[str], None] = lambda _: None,
    custom: tuple[Family, ...] = (),
) -> Prepared:
    """Look back at what was known by `as_of`, and at nothing later.

    Args:
        tables: the pipeline's tables.
        pipeline: its settings.
        as_of: a moment.
        horizons_days: days ahead to forecast; by default the pipeline's own.
        progress: told each step.
        custom: the user's own features.

    Raises:
        NotReady: no deal is known as closed by then.
    """
    known = tables.known_by(as_of)
    end = min(as_of, known.last_recorded())
    pace = pace_of(known, pipeline, horizons_days)
    context, tallies = learned(known, pipeline, pace.cadence_days, end, custom)
    try_out(known, context)
    past = _past(known, pipeline, pace, context, end, progress)
    if not any(closings_of(past)):
        raise NotReady(
            "no deal is known as won or lost by then",
            field="pipeline",
            value=pipeline.name,
            remedy="ingest more history or choose a later --as-of",
        )
    features = in_words(_meaningful(catalogue(context), pipeline), pipeline)
    kept = replace(context, tallies=tallies, owners=collect(known.owners))
    return Prepared(pipeline, end, pace, kept, features, past)


def fit(
    tables: Tables,
    pipeline: Pipeline,
    as_of: int,
    settings: Settings,
    seed: int,
    horizons_days: tuple[float, ...] | None = None,
    progress: Callable[[str], None] = lambda _: None,
    custom: tuple[Family, ...] = (),
) -> Fitted:
    """Fit on what was known by `as_of`, and on nothing later; see `prepare`.

    Raises:
        NotReady: no deal is known as closed by then.
    """
    given = prepare(tables, pipeline, as_of, horizons_days, progress, custom)
    past, features = given.sample, given.features
    model: Model | None = None
    if min(closings_of(past)) >= LEAST_CLOSINGS and pipeline.dated:
        fitting = (past, features, given.edges, settings, seed, progress)
        model = HazardModel.fit(*fitting, pipeline.calendar)
    elif min(closings_of(past)) >= LEAST_CLOSINGS:
        model = WinModel.fit(past, features, settings, seed, progress)
    baselines = {STAGE: StageAalenJohansen.fit(past, given.edges)}
    if pipeline.dated:
        baselines[STAGE_TIME] = StageAalenJohansen.fit(past, given.edges, timed=True)
    final = final_amounts(past.rows, tables.known_by(as_of))
    amount = AmountModel.fit(past, final, features, settings, seed, progress)
    return Fitted(**vars(given), model=model, baselines=baselines, amount=amount)


def _past(
    known: Tables,
    pipeline: Pipeline,
    pace: Pace,
    context: Context,
    end: int,
    progress: Callable[[str], None],
) -> Sample:
    """Look back: at every deal as often as the pace says, or at records without dates once."""
    if not pipeline.dated:
        progress("features of records, each once")
        rows = compute(known, first_snapshots(known, closed=True), context)
        return with_outcomes(rows, known, math.inf)
    progress(f"features of snapshots, {days_in_words(pace.cadence_days)} apart")
    rows = compute(known, grid_snapshots(known, end, pace.cadence_days), context)
    return with_outcomes(rows, known, min(end, settled(known)))


def _meaningful(features: list[Feature], pipeline: Pipeline) -> list[Feature]:
    """Leave out what is counted in days where there are none, and what the settings leave out."""
    return [
        feature
        for feature in features
        if (pipeline.dated or feature.unit != "days")
        and not {feature.name, feature.name.partition(":")[0]} & set(pipeline.left_out)
    ]


def in_words(features: list[Feature], pipeline: Pipeline) -> list[Feature]:
    """Give the attributes' features what the mapping calls them in Chinese and in English."""
    called = [pipeline.attributes.get(feature.name, Attribute()) for feature in features]
    return [
        replace(feature, zh=words.zh or feature.zh, en=words.en or feature.en)
        for feature, words in zip(features, called, strict=True)
    ]


def pace_of(known: Tables, pipeline: Pipeline, horizons_days: tuple[float, ...] | None) -> Pace:
    """Return the pipeline's pace as known, with other horizons where they are given."""
    pace = Pace.learn(known, pipeline)
    if horizons_days is None or not pipeline.dated:
        return pace
    return Pace.of(pace.cadence_days, horizons_days)


def closings_of(past: Sample) -> tuple[int, int]:
    """Return how many deals are known as won and as lost."""
    ids = past.rows["deal_id"].to_numpy()
    closed = past.days <= past.seen
    won, lost = (len(np.unique(ids[closed & (past.cause == which)])) for which in (WON, LOST))
    return won, lost
