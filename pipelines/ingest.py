"""The ingest job: a mapping and a source in, a report out."""

from dataclasses import fields
from pathlib import Path

from rich.console import Console

from data import ingest as way_in
from data.contract import pipeline_name
from data.mapping import load_mapping
from data.settings import Settings
from pipelines.phrases import Language, say
from pipelines.tables import show_table, tell
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


def show(report: way_in.Report, console: Console, language: Language = "en") -> None:
    """Print the report: a line a table, and the pipeline's deals."""
    words, counts = say(language), [column.name for column in fields(way_in.TableReport)]
    for encoding in report.encodings.items():
        tell(console, words("{} is in {}").format(*encoding))
    heads = [words(head) for head in ("table", *counts)]
    rows = [
        [name, *(f"{getattr(table, count):,}" for count in counts)]
        for name, table in report.tables.items()
    ]
    show_table(console, heads, rows, right=range(1, len(heads)))
    outcomes = [report.outcomes[outcome] for outcome in ("won", "lost", "open")]
    told = words("{}: {:,} in all; {:,} won, {:,} lost, {:,} open")
    tell(console, told.format(report.pipeline, sum(outcomes), *outcomes))
