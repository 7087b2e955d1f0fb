"""The workspace: its database for as long as a job takes, and the pipelines in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import polars as pl
from rich.console import Console
from sqlalchemy import Engine

from data.contract import TABLES, Pipeline
from data.database import open_database
from data.moments import DAY, iso_date
from data.places import read_place
from data.settings import Settings
from data.tables import Limits, Tables, load_pipeline, open_tables, read_settings, read_targets
from models.bundle import Bundle
from pipelines.phrases import Language, say
from pipelines.tables import tell
from serving.scores import Scores

_STALE_DAYS: Final = 14
"""Days without any new fact after which it is likelier that none arrives than that none is."""


@contextmanager
def database_of(settings: Settings) -> Iterator[Engine]:
    """Open the database, and close its connections when the job is done."""
    engine = open_database(settings)
    try:
        yield engine
    finally:
        engine.dispose()


def reader_of_places(settings: Settings, pipeline: str) -> Callable[[str, str], int]:
    """Return what reads an origin, given the name of its option, see `data.places.read_place`.

    Raises:
        NotFound: no such pipeline.
    """
    return partial(read_place, configured(settings, pipeline))


def configured(settings: Settings, pipeline: str) -> Pipeline:
    """Return a pipeline's settings, from where its deals are.

    Raises:
        NotFound: no such pipeline.
    """
    if settings.tables is not None:
        return read_settings(settings.tables, pipeline)
    with database_of(settings) as engine:
        return load_pipeline(engine, pipeline)


def opened(settings: Settings, pipeline: str) -> tuple[Pipeline, Tables]:
    """Return a pipeline's settings and its tables, on the engine that is set.

    Raises:
        NotFound: no such pipeline.
        NotReady: the engine needs what is not installed here.
    """
    limits = Limits(settings.memory_limit, settings.spill)
    found = configured(settings, pipeline)
    if settings.tables is not None:
        return found, open_tables(settings.tables, pipeline, settings.engine, limits)
    with database_of(settings) as engine:
        return found, open_tables(engine, pipeline, settings.engine, limits)


def targets_of(settings: Settings) -> pl.DataFrame:
    """Return the contract's targets: of the database, or of the folder of tables that is set."""
    if settings.tables is None:
        with database_of(settings) as engine:
            return read_targets(engine)
    file = settings.tables / "targets.parquet"
    return pl.read_parquet(file) if file.is_file() else TABLES["targets"].empty()


def warn_of_stages(
    scores: Scores, bundle: Bundle, progress: Console, language: Language = "en"
) -> None:
    """Say so where open deals stand in stages that the bundle has not learned from."""
    new = scores.rows.filter(~pl.col("stage").is_in(bundle.stages))["stage"].value_counts(sort=True)
    if len(new):
        named = ", ".join(f"{stage} ({deals:,})" for stage, deals in new.iter_rows())
        told = say(language)(
            "Open deals in stages that the bundle has not seen, which count as another one: {}. "
            "Train again when such deals have closed."
        ).format(named)
        tell(progress, told, "bold red")


def warn_if_stale(tables: Tables, as_of: int, progress: Console, language: Language = "en") -> None:
    """Say so where nothing was recorded for long before a moment that is to be spoken of."""
    last = tables.last_recorded()
    days = (as_of - last) // DAY
    if days > _STALE_DAYS:
        told = say(language)(
            "The last fact was recorded on {}, {:,} days before: scores take the silence for the "
            "deals'. Ingest what came since, or choose an earlier --as-of."
        ).format(iso_date(last), days)
        tell(progress, told, "bold red")
