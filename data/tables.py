"""The tables of one pipeline as lazy frames, on the engine of your choice."""

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import narwhals as nw
import polars as pl
import sqlalchemy as sa

from data.bulk import read, spill
from data.contract import POLARS_TYPES, TABLES, Pipeline
from data.database import contract_tables, pipelines
from data.engines import UNLIMITED, Engine, Frame, Host, Limits, collect, host
from data.errors import NotFound, did_you_mean

__all__ = ["NAMES", "Engine", "Frame", "Limits", "Tables", "collect", "lazy_tables", "open_tables"]

NAMES: Final = ("deals", "changes", "activities", "checklist", "contacts", "accounts", "owners")
"""The contract's tables that speak of deals: the frames of `Tables`."""


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
    host: Host
    """The engine at work; see `data.engines`."""

    def put(self, frame: pl.DataFrame) -> Frame:
        """Put a frame held in memory on the same engine, so that it can be joined."""
        return self.host.put(frame)

    def keep(self, frame: Frame) -> Frame:
        """Run a frame once and hold its rows on the engine: for what is asked more than once."""
        return self.host.keep(frame)

    def scratch(self) -> AbstractContextManager[None]:
        """Let go at the end what was kept within. Frames built on it end there too."""
        return self.host.scratch()

    def gather(self, parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
        """Make one frame of parts: in memory, or mapped from files on the other engines."""
        return self.host.gather(parts)

    def spread(self, frame: Frame, name: str, first: str, last: str) -> Frame:
        """Give each row once for every integer from column `first` to column `last`, as `name`.

        A row whose last is below its first, or where one of them is null, gives none.
        """
        return self.host.spread(frame.filter(nw.col(first) <= nw.col(last)), name, first, last)

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


def lazy_tables(
    frames: Mapping[str, pl.DataFrame], pipeline: Pipeline, engine: Engine = "polars"
) -> Tables:
    """Put contract frames held in memory on an engine.

    Args:
        frames: contract tables by name; one that is missing counts as empty.
        pipeline: whose `fixed` attributes become columns of `deals`.
        engine: where the lazy frames run.

    """
    named = {name: frames.get(name, TABLES[name].empty()) for name in NAMES}
    named["deals"] = with_fixed_attributes(named["deals"], pipeline)
    at = host(engine)
    return Tables(host=at, **{name: at.put(frame) for name, frame in named.items()})


def with_fixed_attributes(deals: pl.DataFrame, pipeline: Pipeline) -> pl.DataFrame:
    """Add a column for each `fixed` attribute of the pipeline, read from the JSON."""
    read = _fixed_attributes(pipeline)
    return deals if read is None else deals.hstack(deals.select(read).to_series().struct.unnest())


def _fixed_attributes(pipeline: Pipeline) -> pl.Expr | None:
    wanted = {
        name: POLARS_TYPES[attribute.column_type]
        for name, attribute in pipeline.attributes.items()
        if attribute.policy == "fixed"
    }
    if not wanted:
        return None
    return pl.col("attributes").fill_null("{}").str.json_decode(pl.Struct(wanted))


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


def open_tables(
    source: sa.Engine | Path,
    pipeline: str,
    engine: Engine = "polars",
    limits: Limits = UNLIMITED,
) -> Tables:
    """Open one pipeline's tables from the database or from a directory of Parquet.

    A directory is scanned, and never in memory as a whole. A database is read into memory for
    Polars, and for the other engines into files beside it.

    Args:
        source: the database, or a directory as `write_parquet` makes it; each table may also be
            a folder of Parquet files.
        pipeline: the pipeline's name; in a directory it must be the one that lies there.
        engine: where the lazy frames run.
        limits: of its memory, and where its files go.

    Raises:
        NotFound: there is no such pipeline.
        NotReady: the engine needs what is not installed here.

    """
    if isinstance(source, Path):
        return _scanned(source, read_settings(source, pipeline), engine, limits)
    settings = load_pipeline(source, pipeline)
    if engine == "polars":
        return lazy_tables(read_frames(source, pipeline), settings)
    folder = limits.spill()
    with source.connect() as connection:
        for name in NAMES:
            spill(connection, _rows(contract_tables[name], pipeline), folder / f"{name}.parquet")
    return _scanned(folder, settings, engine, limits)


def _scanned(folder: Path, pipeline: Pipeline, engine: Engine, limits: Limits) -> Tables:
    """Scan a directory of Parquet; a table that is missing counts as empty."""
    files = {name: folder / f"{name}.parquet" for name in NAMES}
    files["deals"] = _with_fixed_file(files["deals"], pipeline, limits)
    at = host(engine, limits)
    frames = {
        name: at.scan(file) if file.exists() else at.put(TABLES[name].empty())
        for name, file in files.items()
    }
    return Tables(host=at, **frames)


def _with_fixed_file(deals: Path, pipeline: Pipeline, limits: Limits) -> Path:
    """Do `with_fixed_attributes` from file to file, a few rows at a time."""
    read = _fixed_attributes(pipeline)
    if read is None:
        return deals
    found = pl.scan_parquet(deals) if deals.exists() else TABLES["deals"].empty().lazy()
    written = limits.spill() / "deals.parquet"
    found.with_columns(_fixed=read).unnest("_fixed").sink_parquet(written)
    return written


def write_parquet(frames: Mapping[str, pl.DataFrame], folder: Path, pipeline: Pipeline) -> None:
    """Write contract tables to a directory: a Parquet file each, the settings in pipeline.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    settings = pipeline.model_dump(mode="json")
    text = json.dumps(settings, ensure_ascii=False, indent=2)
    (folder / "pipeline.json").write_text(text + "\n", encoding="utf-8")


def read_settings(folder: Path, pipeline: str) -> Pipeline:
    """Read the settings of the pipeline that lies in a directory of Parquet.

    Raises:
        NotFound: there is no pipeline.json in it, or it is another pipeline's.
    """
    file = folder / "pipeline.json"
    if not file.is_file():
        raise NotFound("no pipeline.json in the directory", field="source", value=str(folder))
    settings = Pipeline.model_validate_json(file.read_text(encoding="utf-8"))
    if settings.name != pipeline:
        raise NotFound("no such pipeline", field="pipeline", value=pipeline, allowed=settings.name)
    return settings
