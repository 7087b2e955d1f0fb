"""From tables to a task: what was known, to learn from, and what came, to judge by."""

import math
from typing import Final

import numpy as np
import polars as pl

from benchmarks.quality.task import UNSEEN, Answers, Asked, Past, Task
from data.contract import Pipeline
from data.errors import BadInput
from data.moments import DAY, iso_date
from data.tables import Tables
from features.catalogue import Feature
from features.compute import compute
from features.encoder import Codes, Encoder
from features.snapshots import open_snapshots
from models.calendar import NAMES, bin_codes
from models.sample import Sample
from training.fit import prepare
from training.matrix import settled, with_outcomes
from training.metrics import outcome_at
from training.truth import true_curves

MOST_ROWS: Final = 50_000
"""Snapshots of a task to learn from, drawn at random where there are more, the same for all."""
_SEED: Final = 0
_JUDGED: Final = 0.3
"""The share of a table without dates that is judged: its last rows."""
_CALENDAR: Final = ("starts_on", "season", "quarter_day")

Exported = tuple[Task, Answers]


def dated_task(
    name: str,
    tables: Tables,
    pipeline: Pipeline,
    as_of: int,
    horizons_days: tuple[int, ...],
    truth: pl.DataFrame | None = None,
) -> Exported:
    """Freeze a pipeline at a moment: snapshots of the past to learn from, the open deals to judge.

    Args:
        name: of the task.
        tables: the whole history; what came after `as_of` only judges.
        pipeline: its settings.
        as_of: the origin.
        horizons_days: ascending; the last must lie within the data.
        truth: the simulator's true chances, see `data.simulator`.

    Raises:
        BadInput: not every horizon of the origin is seen.
    """
    end = settled(tables)
    if end < as_of + horizons_days[-1] * DAY:
        raise BadInput(
            "a horizon reaches beyond the data",
            field="horizons_days",
            value=horizons_days,
            allowed=f"an end before {iso_date(end)}",
            remedy="choose an earlier origin or shorter horizons",
        )
    given = prepare(tables, pipeline, as_of, horizons_days)
    known = tables.known_by(as_of)
    asked = with_outcomes(compute(known, open_snapshots(known, as_of), given.context), tables, end)
    chances: np.ndarray | None = None
    if truth is not None:
        true = true_curves(asked.rows, truth)
        chances = np.stack([true.at(days) for days in horizons_days], axis=1)
    past = _drawn(given.sample)
    return _task(name, past, asked, given.features, given.pace.edges, horizons_days, chances)


def undated_task(name: str, tables: Tables, pipeline: Pipeline) -> Exported:
    """Learn from the earlier records of a table without dates, and judge the later ones.

    Args:
        name: of the task.
        tables: every record once, as it was known at first.
        pipeline: its settings; it is not dated.
    """
    given = prepare(tables, pipeline, tables.last_recorded())
    order = given.sample.rows.select(pl.arg_sort_by("as_of", "deal_id")).to_series().to_numpy()
    first = round(len(order) * (1 - _JUDGED))
    past, asked = given.sample.take(order[:first]), given.sample.take(order[first:])
    features = [one for one in given.features if past.rows[one.name].n_unique() > 1]
    return _task(name, past, asked, features, (0, math.inf), (math.inf,))


def _drawn(past: Sample) -> Sample:
    if len(past) <= MOST_ROWS:
        return past
    chosen = np.random.default_rng(_SEED).choice(len(past), MOST_ROWS, replace=False)
    return past.take(np.sort(chosen))


def _task(
    name: str,
    past: Sample,
    asked: Sample,
    features: list[Feature],
    edges: tuple[float, ...],
    horizons: tuple[float, ...],
    truth: np.ndarray | None = None,
) -> Exported:
    encoder = Encoder.learn(past.rows, features)
    entries = {feature.name: vars(feature) for feature in features}
    calendar = _CALENDAR if math.isfinite(horizons[-1]) else ()
    train = Past(
        x=_matrix(past, encoder, calendar),
        as_of=_moments(past),
        target=np.column_stack(
            [np.where(past.seen >= days, outcome_at(past, days), UNSEEN) for days in horizons]
        ),
        days=past.days,
        cause=past.cause,
        seen=past.seen,
        groups=_numbered(past.groups),
    )
    task = Task(
        name=name,
        horizons=tuple(float(days) for days in horizons),
        edges=tuple(float(days) for days in edges),
        features=tuple(entries[column] for column in encoder.names),
        calendar=calendar,
        train=train,
        test=Asked(_matrix(asked, encoder, calendar), _moments(asked)),
    )
    came = np.column_stack([outcome_at(asked, days) for days in horizons])
    none = np.empty((0, len(horizons), 3))
    return task, Answers(came, _numbered(asked.groups), none if truth is None else truth)


def _matrix(sample: Sample, encoder: Encoder, calendar: tuple[str, ...]) -> Codes:
    """Return code rows, and what the calendar says of as_of where there is one.

    Our bins have their own working days, weekdays and weeks of the quarter. For one horizon
    all of them follow from the weekday, the day of the year and the day of the quarter.
    """
    codes = encoder.encode(sample.rows)
    if not calendar:
        return codes
    days = _moments(sample) // DAY
    first = np.zeros(len(days), dtype=np.int64)
    said = dict(zip(NAMES, bin_codes(days * DAY, first, np.zeros(2)).T, strict=True))
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64)
    quarter = (months // 3 * 3).astype("datetime64[M]").astype("datetime64[D]")
    quarter_day = (dates - quarter).astype(np.int64)
    return np.column_stack([codes, said["starts_on"], said["season"], quarter_day])


def _moments(sample: Sample) -> np.ndarray:
    moments: np.ndarray = sample.rows["as_of"].to_numpy()
    return moments


def _numbered(groups: np.ndarray) -> np.ndarray:
    """Return groups by number, so that no file of the race holds an object or a name."""
    return np.unique(groups, return_inverse=True)[1]
