"""From a pipeline's tables to a fitted model and the baseline it must beat."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from data.contract import Attribute, Pipeline
from data.errors import NotReady
from data.tables import Tables, collect
from features.catalogue import Feature
from features.compute import catalogue, compute
from features.context import Context
from features.pace import Pace
from features.snapshots import grid_snapshots
from features.track import counted, strengths
from models.baselines import StageAalenJohansen
from models.boosting import Settings
from models.curve import LOST, WON
from models.hazard import HazardModel
from models.sample import Sample
from training.matrix import settled, with_outcomes

LEAST_CLOSINGS = 40
"""Won and lost deals that a model needs; below, only the baseline can be fitted."""


@dataclass(frozen=True)
class Fitted:
    """A model, its baseline, and all that is needed to ask them about new snapshots."""

    pipeline: Pipeline
    end: int
    pace: Pace
    context: Context
    features: list[Feature]
    model: HazardModel
    baseline: StageAalenJohansen
    sample: Sample


def fit(
    tables: Tables,
    pipeline: Pipeline,
    as_of: int,
    settings: Settings,
    seed: int,
    horizons_days: tuple[int, ...] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Fitted:
    """Fit on what was known by `as_of`, and on nothing later.

    Raises:
        NotReady: fewer than `LEAST_CLOSINGS` deals are known as won, or as lost, by then.
    """
    known = tables.known_by(as_of)
    end = min(as_of, known.last_recorded())
    pace = pace_of(known, pipeline, horizons_days)
    counts = counted(known)
    context = Context.learn(known, pipeline, pace.cadence_days, strengths(counts))
    progress(f"features of snapshots every {pace.cadence_days} days")
    rows = compute(known, grid_snapshots(known, end, pace.cadence_days), context)
    past = with_outcomes(rows, known, min(end, settled(known)))
    _require_closings(past, pipeline)
    features = in_words(catalogue(context), pipeline)
    edges = np.array(pace.edges, dtype=float)
    model = HazardModel.fit(past, features, edges, settings, seed, progress)
    baseline = StageAalenJohansen.fit(past, edges)
    kept = replace(context, closings=counts, owners=collect(known.owners))
    return Fitted(pipeline, end, pace, kept, features, model, baseline, past)


def in_words(features: list[Feature], pipeline: Pipeline) -> list[Feature]:
    """Give the attributes' features what the mapping calls them in Chinese and in English."""
    called = [pipeline.attributes.get(feature.name, Attribute()) for feature in features]
    return [
        replace(feature, zh=words.zh or feature.zh, en=words.en or feature.en)
        for feature, words in zip(features, called, strict=True)
    ]


def pace_of(known: Tables, pipeline: Pipeline, horizons_days: tuple[int, ...] | None) -> Pace:
    """Return the pipeline's pace as known, with other horizons where they are given."""
    pace = Pace.learn(known, pipeline)
    return pace if horizons_days is None else Pace.of(pace.cadence_days, horizons_days)


def _require_closings(past: Sample, pipeline: Pipeline) -> None:
    ids = past.rows["deal_id"].to_numpy()
    closed = past.days <= past.seen
    for cause, word in ((WON, "won"), (LOST, "lost")):
        found = len(np.unique(ids[closed & (past.cause == cause)]))
        if found < LEAST_CLOSINGS:
            raise NotReady(
                f"too little history to train on: {found} deals {word}",
                field="pipeline",
                value=pipeline.name,
                allowed=f"at least {LEAST_CLOSINGS} deals won and {LEAST_CLOSINGS} lost",
                remedy="ingest more history or choose a later --as-of",
            )
