"""The tables of one pipeline as lazy frames, on the engine of your choice."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import narwhals as nw
import polars as pl
import sqlalchemy as sa

from data.bulk import read
from data.contract import POLARS_TYPES, TABLES, Pipeline
from data.database import contract_tables, pipelines
from data.errors import NotFound, did_you_mean

Frame: TypeAlias = nw.LazyFrame[Any]
Engine = Literal["polars", "duckdb"]


@dataclass(frozen=True)
class Tables:
    """One pipeline's tables: Narwhals lazy frames of the contract's columns.

    `deals` also has a column for every attribute whose policy is `fixed`, by its name.
    """

    deals: Frame
    changes: Frame
    activities: Frame
    checklist: Frame
    contacts: Frame
    accounts: Frame
    owners: Frame
    put: Callable[[pl.DataFrame], Frame]
    """Puts a frame held in memory on the same engine, so that it can be joined."""

    def known_by(self, as_of: int) -> "Tables":
        """Return the tables as they stood at a moment: later facts gone, later closings open."""
        closing_known = nw.col("closed_recorded_at") <= as_of
        deals = self.deals.filter(nw.col("recorded_at") <= as_of).with_columns(
            closed_at=nw.when(closing_known).then("closed_at"),
            closed_recorded_at=nw.when(closing_known).then("closed_recorded_at"),
            outcome=nw.when(closing_known).then("outcome").otherwise(nw.lit("open")),
        )
        known = nw.col("recorded_at") <= as_of
        return replace(
            self,
            deals=deals,
            changes=self.changes.filter(known),
            activities=self.activities.filter(known),
            checklist=self.checklist.filter(known),
            contacts=self.contacts.filter(known),
            accounts=self.accounts.filter(known),
        )

    def last_recorded(self) -> int:
        """Return when the last fact became known: where the data end, whatever the clock says."""
        deals = self.deals.select(last=nw.max_horizontal("recorded_at", "closed_recorded_at"))
        others = (self.changes, self.activities, self.checklist)
        frames = [deals, *(frame.select(last=nw.col("recorded_at")) for frame in others)]
        latest = [frame.select(nw.col("last").max()) for frame in frames]
        return max(one.collect(backend="polars").item() or 0 for one in latest)


def collect(frame: Frame) -> pl.DataFrame:
    """Run a lazy frame on its engine and return its rows as a Polars frame."""
    collected: pl.DataFrame = frame.collect(backend="polars").to_native()
    return collected


def lazy_tables(
    frames: Mapping[str, pl.DataFrame], pipeline: Pipeline, engine: Engine = "polars"
) -> Tables:
    """Put contract frames held in memory on an engine.

    Args:
        frames: contract tables by name; one that is missing counts as empty.
        pipeline: whose `fixed` attributes become columns of `deals`.
        engine: where the lazy frames run.

    """
    names = [name for name in Tables.__annotations__ if name in TABLES]
    named = {name: frames.get(name, TABLES[name].empty()) for name in names}
    named["deals"] = with_fixed_attributes(named["deals"], pipeline)
    put = _engines[engine]()
    return Tables(put=put, **{name: put(frame) for name, frame in named.items()})


def _polars() -> Callable[[pl.DataFrame], Frame]:
    return lambda frame: nw.from_native(frame.lazy())


def _duckdb() -> Callable[[pl.DataFrame], Frame]:
    import duckdb  # here, because the request path never needs it

    connection = duckdb.connect()
    return lambda frame: nw.from_native(connection.from_arrow(frame.to_arrow()))


_engines: Final[dict[Engine, Callable[[], Callable[[pl.DataFrame], Frame]]]] = {
    "polars": _polars,
    "duckdb": _duckdb,
}


def with_fixed_attributes(deals: pl.DataFrame, pipeline: Pipeline) -> pl.DataFrame:
    """Add a column for each `fixed` attribute of the pipeline, read from the JSON."""
    wanted = {
        name: POLARS_TYPES[attribute.column_type]
        for name, attribute in pipeline.attributes.items()
        if attribute.policy == "fixed"
    }
    if not wanted:
        return deals
    values = deals["attributes"].fill_null("{}").str.json_decode(pl.Struct(wanted))
    return deals.hstack(values.struct.unnest().get_columns())


def load_pipeline(database: sa.Engine, name: str) -> Pipeline:
    """Load a pipeline's settings from the database.

    Raises:
        NotFound: nothing was ever ingested into a pipeline of that name.

    """
    with database.connect() as connection:
        rows = connection.execute(sa.select(pipelines.c.name, pipelines.c.settings))
        stored: dict[str, str] = {row.name: row.settings for row in rows}
    if name not in stored:
        raise NotFound(
            "no such pipeline",
            field="pipeline",
            value=name,
            allowed=", ".join(sorted(stored)) or "none yet",
            remedy=did_you_mean(name, stored) or "bring its deals in with `dealcast ingest`",
        )
    return Pipeline.model_validate_json(stored[name])


def read_frames(database: sa.Engine, pipeline: str) -> dict[str, pl.DataFrame]:
    """Read all contract tables of one pipeline, in the contract's schema; shared ones whole."""
    with database.connect() as connection:
        return {n: read(connection, _rows(t, pipeline)) for n, t in contract_tables.items()}


def read_targets(database: sa.Engine) -> pl.DataFrame:
    """Read the targets: they are shared by all pipelines."""
    with database.connect() as connection:
        return read(connection, sa.select(contract_tables["targets"]))


def _rows(table: sa.Table, pipeline: str) -> sa.Select[Any]:
    rows = sa.select(table)
    return rows.where(table.c.pipeline == pipeline) if "pipeline" in table.c else rows


def open_tables(source: sa.Engine | Path, pipeline: str, engine: Engine = "polars") -> Tables:
    """Open one pipeline's tables from the database or from a directory of Parquet.

    Args:
        source: the database, or a directory as `write_parquet` makes it.
        pipeline: the pipeline's name; in a directory it must be the one that lies there.
        engine: where the lazy frames run.

    Raises:
        NotFound: there is no such pipeline.

    """
    if isinstance(source, Path):
        frames, settings = read_parquet(source)
        if settings.name != pipeline:
            raise NotFound(
                "no such pipeline", field="pipeline", value=pipeline, allowed=settings.name
            )
        return lazy_tables(frames, settings, engine)
    settings = load_pipeline(source, pipeline)
    return lazy_tables(read_frames(source, pipeline), settings, engine)


def write_parquet(frames: Mapping[str, pl.DataFrame], folder: Path, pipeline: Pipeline) -> None:
    """Write contract tables to a directory: a Parquet file each, the settings in pipeline.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    settings = pipeline.model_dump(mode="json")
    text = json.dumps(settings, ensure_ascii=False, indent=2)
    (folder / "pipeline.json").write_text(text + "\n", encoding="utf-8")


def read_parquet(folder: Path) -> tuple[dict[str, pl.DataFrame], Pipeline]:
    """Read a directory as `write_parquet` makes it; a table that is missing counts as empty.

    Raises:
        NotFound: there is no pipeline.json in it.

    """
    settings = folder / "pipeline.json"
    if not settings.is_file():
        raise NotFound("no pipeline.json in the directory", field="source", value=str(folder))
    files = {name: folder / f"{name}.parquet" for name in TABLES}
    frames = {name: pl.read_parquet(file) for name, file in files.items() if file.is_file()}
    return frames, Pipeline.model_validate_json(settings.read_text(encoding="utf-8"))
