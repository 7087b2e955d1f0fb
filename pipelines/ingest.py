"""The ingest job: a mapping and a source in, a report out."""

from dataclasses import fields
from pathlib import Path

from rich.console import Console

from data import ingest as way_in
from data.contract import pipeline_name
from data.mapping import load_mapping
from data.settings import Settings
from pipelines.workspace import database_of


def run(
    source: Path, mapping: str, pipeline: str, settings: Settings, console: Console
) -> way_in.Report:
    """Bring a source into the workspace's database.

    Raises:
        NotFound: no such source or mapping.
        BadInput: the pipeline's name, the mapping or the source cannot be used.

    """
    with database_of(settings) as engine:
        return way_in.ingest(
            source,
            load_mapping(mapping),
            pipeline_name(pipeline),
            engine,
            settings.workspace / "rejects",
            console,
        )


def summary(report: way_in.Report) -> str:
    """Return the report for people: a line a table, and the pipeline's deals."""
    words = [column.name for column in fields(way_in.TableReport)]
    lines = [["table", *words]]
    for name, table in report.tables.items():
        lines.append([name, *(f"{getattr(table, word):,}" for word in words)])
    counts = ", ".join(f"{report.outcomes[o]:,} {o}" for o in ("won", "lost", "open"))
    return "\n".join(
        [
            *(f"{file} is in {encoding}" for file, encoding in report.encodings.items()),
            *(
                "".join([f"{first:<12}", *(f"{cell:>12}" for cell in rest)])
                for first, *rest in lines
            ),
            f"{report.pipeline}: {sum(report.outcomes.values()):,} deals: {counts}",
        ]
    )
