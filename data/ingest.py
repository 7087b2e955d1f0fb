"""Ingest: a source through its mapping into the database, in one transaction.

The source is read in batches and its rows are spread over partitions on disk, each deal's rows
in one of them; then each partition is mapped, checked and merged by itself. So memory is
bounded by a partition, whatever order a log's cases come in. Nothing is seen by others, and
nothing stays if this is killed, until the one commit at the end; to run it again is harmless.
"""

import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress

from data import audit
from data.audit import commander
from data.bulk import Merged, merge, pushing, read
from data.closings import keep_closings
from data.contract import OUTCOMES, Pipeline
from data.database import contract_tables, pipelines
from data.errors import BadInput
from data.mapping import Mapping
from data.moments import now
from data.push import touch_standing
from data.records import normalise
from data.rejects import RejectsFile
from data.sheet import OF_DEALS
from data.spool import Spool


@dataclass(frozen=True)
class TableReport:
    """What became of one table's rows."""

    accepted: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    repeated: int = 0
    """Rows that said exactly what a row before them said."""

    @property
    def kept(self) -> int:
        """Rows that the database has now."""
        return self.accepted + self.changed + self.unchanged

    def plus(self, merged: Merged, repeated: int) -> "TableReport":
        """Return the report with one more partition in it."""
        return TableReport(
            self.accepted + merged.accepted,
            self.changed + merged.changed,
            self.unchanged + merged.unchanged,
            self.rejected,
            self.repeated + repeated,
        )


@dataclass
class Report:
    """What an ingest did, and how many deals its pipeline has now."""

    pipeline: str
    source: str
    encodings: dict[str, str]
    """The encoding of each CSV file."""
    tables: dict[str, TableReport] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    """Deals of the pipeline by outcome, after the ingest."""
    rejected: int = 0
    """Rows refused, and lines with too many or too few values."""
    rejects: str | None = None
    """The file of what was refused, with reasons."""

    def as_json(self) -> dict[str, Any]:
        """Return the report for machines."""
        return {**asdict(self), "deals": sum(self.outcomes.values())}


def ingest(
    source: Path,
    mapping: Mapping,
    pipeline_name: str,
    engine: sa.Engine,
    rejects_folder: Path,
    console: Console | None = None,
) -> Report:
    """Bring a source into the database, wholly or not at all.

    Args:
        source: a file, or a directory of files.
        mapping: what its columns mean.
        pipeline_name: the pipeline its deals are on.
        engine: the database, from `open_database`.
        rejects_folder: where the file of what was refused is written.
        console: where progress is shown.

    Raises:
        NotFound: there is no such source.
        BadInput: it cannot be read, lacks a column, has no rows, or all of them were refused; or
            an attribute is called as a column of the contract.

    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dealcast-")))
        progress = Progress(console=console, disable=console is None, transient=True)
        stack.enter_context(progress)
        rejects = RejectsFile(
            rejects_folder / f"{pipeline_name}-{source.name.partition('.')[0]}.csv"
        )
        stack.enter_context(rejects)
        spool = Spool(folder, mapping, source)
        spool.fill(rejects.add, progress)
        report = Report(pipeline_name, str(source), spool.encodings)
        pipeline = mapping.settings(pipeline_name, source, spool.columns)
        _check_attributes(pipeline)
        transaction = stack.enter_context(pushing(engine))
        _remember(transaction, pipeline)
        known = _known_deals(transaction, pipeline_name)
        for frames in progress.track(spool.partitions(), spool.count, description="Merging"):
            if frames:
                _take(mapping.records(frames), pipeline, known, transaction, rejects, report)
        if any(table.accepted or table.changed for table in report.tables.values()):
            touch_standing(transaction, pipeline_name, now())
        report.outcomes = _outcomes(transaction, pipeline_name)
        report.rejected = rejects.rows
        for name, refused in rejects.tables.items():
            table = report.tables.get(name, TableReport())
            report.tables[name] = replace(table, rejected=refused)
        kept = rejects.keep()
        report.rejects = str(kept) if kept else None
        _refuse_nothing_kept(report)
        told = {name: table.accepted + table.changed for name, table in report.tables.items()}
        audit.record(transaction, commander(), "facts.ingested", now(), pipeline_name, **told)
    return report


def _check_attributes(pipeline: Pipeline) -> None:
    """Refuse attributes that would stand in the place of what the contract calls so."""
    for name in pipeline.attributes:
        if name in OF_DEALS:
            raise BadInput(
                "an attribute that is called as a column of deals",
                field="attributes",
                value=name,
                allowed="other names than " + ", ".join(OF_DEALS),
                remedy="give it another name, or map it to that column",
            )


def _take(
    raw: dict[str, pl.DataFrame],
    pipeline: Pipeline,
    known_deals: pl.Series,
    transaction: sa.Connection,
    rejects: RejectsFile,
    report: Report,
) -> None:
    """Check and merge one partition."""
    result = normalise(raw, pipeline, known_deals)
    if result.rejects.height:
        rejects.add(result.rejects)
    frames = result.frames
    if "deals" in frames:
        frames["deals"] = keep_closings(
            frames["deals"], result.observed, pipeline.name, transaction
        )
    for name, frame in frames.items():
        merged = merge(transaction, contract_tables[name], frame)
        before = report.tables.get(name, TableReport())
        repeated = result.repeated.get(name, 0)
        report.tables[name] = before.plus(merged, repeated)


def _remember(transaction: sa.Connection, pipeline: Pipeline) -> None:
    """Keep the pipeline's settings, and leave them untouched if they are as before."""
    settings = pipeline.model_dump_json()
    stored = read(
        transaction, sa.select(pipelines.c.settings).where(pipelines.c.name == pipeline.name)
    )
    if stored["settings"].to_list() != [settings]:
        row = {"name": [pipeline.name], "settings": [settings], "updated_at": [now()]}
        merge(transaction, pipelines, pl.DataFrame(row))


def _known_deals(transaction: sa.Connection, pipeline: str) -> pl.Series:
    deals = contract_tables["deals"]
    return read(transaction, sa.select(deals.c.deal_id).where(deals.c.pipeline == pipeline))[
        "deal_id"
    ]


def _outcomes(transaction: sa.Connection, pipeline: str) -> dict[str, int]:
    deals = contract_tables["deals"]
    query = (
        sa.select(deals.c.outcome, sa.func.count().label("deals"))
        .where(deals.c.pipeline == pipeline)
        .group_by(deals.c.outcome)
    )
    return dict.fromkeys(OUTCOMES, 0) | dict(read(transaction, query).iter_rows())


def _refuse_nothing_kept(report: Report) -> None:
    if any(table.kept for table in report.tables.values()):
        return
    raise BadInput(
        "every row was refused" if report.rejected else "the source has no rows",
        field="source",
        value=report.source,
        remedy=f"the reasons are in {report.rejects}" if report.rejects else "check the file",
    )
