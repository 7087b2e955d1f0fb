"""From data to tasks: each is written once, and every contender reads the same files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import polars as pl
from rich.console import Console

from benchmarks.quality.task import UNSEEN, Answers, Asked, Past, Task
from data.contract import Pipeline
from data.errors import BadInput, NotFound
from data.moments import DAY, iso_date, parse_moment
from data.settings import Settings
from data.simulator import simulate
from data.tables import Tables, lazy_tables, load_pipeline, open_tables
from features.compute import compute
from features.encoder import Codes, Encoder
from features.snapshots import open_snapshots
from models.calendar import bin_codes
from models.sample import Sample
from pipelines import ingest
from pipelines.workspace import database_of
from training.fit import prepare
from training.matrix import settled, with_outcomes
from training.metrics import outcome_at

SHARED: Final = Path(__file__).resolve().parents[3] / "shared" / "data"
MOST_ROWS: Final = 50_000
"""Rows of a task to learn from, drawn at random where there are more, the same for all."""
_SEED: Final = 0
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
    past, features = _drawn(given.sample), given.features
    known = tables.known_by(as_of)
    asked = with_outcomes(compute(known, open_snapshots(known, as_of), given.context), tables, end)
    encoder = Encoder.learn(past.rows, features)
    ordered = {feature.name: feature for feature in features}
    task = Task(
        name=name,
        horizons=tuple(float(days) for days in horizons_days),
        edges=tuple(float(days) for days in given.pace.edges),
        features=tuple(vars(ordered[column]) for column in encoder.names),
        calendar=_CALENDAR,
        train=_train(past, encoder, horizons_days),
        test=Asked(_matrix(asked, encoder), _moments(asked)),
    )
    targets = np.column_stack([outcome_at(asked, days) for days in horizons_days])
    return task, Answers(targets, _numbered(asked.groups), _true(asked, truth, horizons_days))


def _drawn(past: Sample) -> Sample:
    if len(past) <= MOST_ROWS:
        return past
    chosen = np.random.default_rng(_SEED).choice(len(past), MOST_ROWS, replace=False)
    return past.take(np.sort(chosen))


def _train(past: Sample, encoder: Encoder, horizons_days: tuple[int, ...]) -> Past:
    targets = [
        np.where(past.seen >= days, outcome_at(past, days), UNSEEN) for days in horizons_days
    ]
    return Past(
        x=_matrix(past, encoder),
        as_of=_moments(past),
        target=np.column_stack(targets),
        days=past.days,
        cause=past.cause,
        seen=past.seen,
        groups=_numbered(past.groups),
    )


def _matrix(sample: Sample, encoder: Encoder) -> Codes:
    """Return code rows and what the calendar says of as_of.

    Our bins have their own working days, weekdays and quarter ends. For one horizon all of them
    follow from the weekday, the day of the year and the day of the quarter.
    """
    days = _moments(sample) // DAY
    first = np.zeros(len(days), dtype=np.int64)
    _, _, starts_on, _, _, season = bin_codes(days * DAY, first, np.zeros(2)).T
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64)
    quarter = (months // 3 * 3).astype("datetime64[M]").astype("datetime64[D]")
    quarter_day = (dates - quarter).astype(np.int64)
    return np.column_stack([encoder.encode(sample.rows), starts_on, season, quarter_day])


def _moments(sample: Sample) -> np.ndarray:
    moments: np.ndarray = sample.rows["as_of"].to_numpy()
    return moments


def _numbered(groups: np.ndarray) -> np.ndarray:
    """Return groups by number, so that no file of the race holds an object or a name."""
    return np.unique(groups, return_inverse=True)[1]


def _true(asked: Sample, truth: pl.DataFrame | None, horizons_days: tuple[int, ...]) -> np.ndarray:
    if truth is None:
        return np.empty((0, len(horizons_days), 3))
    key = asked.rows.select("deal_id", "as_of")
    chances = []
    for days in horizons_days:
        told = truth.filter(pl.col("days_ahead") == days)
        found = key.join(told, on=["deal_id", "as_of"], how="left", maintain_order="left")
        if found["p_won"].null_count():
            raise BadInput("the truth is not told", field="horizons_days", value=days)
        won, lost = (found[column].to_numpy() for column in ("p_won", "p_lost"))
        chances.append(np.column_stack([1.0 - won - lost, won, lost]))
    return np.stack(chances, axis=1)


def loans_tables() -> tuple[Tables, Pipeline]:
    """Bring the loan log in as a CRM would know it.

    Raises:
        NotFound: it is not there.
    """
    source = SHARED / "loan_pipeline" / "events.csv.gz"
    if not source.is_file():
        raise NotFound(
            "the loan log is not there",
            field="source",
            value=str(source),
            remedy="choose the simulated data sets with --dataset",
        )
    with TemporaryDirectory(prefix="race-") as folder:
        settings = Settings(workspace=Path(folder))
        ingest.run(source, "loan_pipeline", "loans", settings, Console(quiet=True))
        with database_of(settings) as engine:
            return open_tables(engine, "loans"), load_pipeline(engine, "loans")


def _loans(origin: str) -> Exported:
    """The loan log on a day, judged after 7, 14, 28 and 42."""
    tables, pipeline = loans_tables()
    return dated_task(f"loans-{origin}", tables, pipeline, parse_moment(origin), (7, 14, 28, 42))


def _simulated(
    name: str, deals: int, years: float, end: str, origin: str, horizons_days: tuple[int, ...]
) -> Exported:
    """A simulated company's opportunities; the origin is one for which the truth is told."""
    company = simulate(deals, years, end=parse_moment(end), seed=_SEED).opportunities
    tables = lazy_tables(company.frames, company.settings)
    moment = parse_moment(origin)
    return dated_task(name, tables, company.settings, moment, horizons_days, company.truth)


# Data sets without dates belong here too: one row a record, the earlier ones to learn from and
# the later ones to judge, edges (0, inf) and the one horizon inf, by which all are won or lost.
TASKS: Final[dict[str, Callable[[], Exported]]] = {
    "loans-2011-12-01": partial(_loans, "2011-12-01"),
    "loans-2011-12-15": partial(_loans, "2011-12-15"),
    "simulated": partial(
        _simulated, "simulated", 20_000, 3.0, "2026-03-02", "2025-06-02", (28, 91, 182)
    ),
    "smoke": partial(_simulated, "smoke", 200, 1.5, "2026-03-02", "2025-09-01", (28, 91)),
}
"""How each task is made; `smoke` is for trying the harness and stands on no page."""


def export(name: str, folder: Path) -> None:
    """Write a task and its answers under `folder`, unless they are there."""
    if (folder / name / "task.json").is_file():
        return
    task, answers = TASKS[name]()
    task.save(folder / name, answers)
