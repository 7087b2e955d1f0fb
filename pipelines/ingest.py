"""The ingest job: a mapping and a source in, a report out."""

from dataclasses import fields
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.console import Console

from data import ingest as way_in
from data.contract import pipeline_name
from data.mapping import load_mapping
from data.settings import Settings
from pipelines.phrases import Language, say
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


def summary(report: way_in.Report, language: Language = "en") -> str:
    """Return the report for people: a line a table, and the pipeline's deals."""
    words, counts = say(language), [column.name for column in fields(way_in.TableReport)]
    lines = [[words(head) for head in ("table", *counts)]]
    for name, table in report.tables.items():
        lines.append([name, *(f"{getattr(table, count):,}" for count in counts)])
    outcomes = [report.outcomes[outcome] for outcome in ("won", "lost", "open")]
    return "\n".join(
        [
            *(words("{} is in {}").format(*read) for read in report.encodings.items()),
            *(_aligned(line) for line in lines),
            words("{}: {:,} in all; {:,} won, {:,} lost, {:,} open").format(
                report.pipeline, sum(outcomes), *outcomes
            ),
        ]
    )


def _aligned(cells: list[str]) -> str:
    first, *rest = cells
    return set_cell_size(first, 12) + "".join(
        " " * max(12 - cell_len(cell), 1) + cell for cell in rest
    )
