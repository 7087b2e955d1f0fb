"""The command line: options in, one job called, exit codes out.

Exit codes: 0 done, 1 a fault of ours, 2 an input to mend, 130 interrupted.
Jobs are imported when they are called, so that `dealcast --help` answers at once.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from data.errors import DealcastError
from data.settings import Settings

app = typer.Typer(
    name="dealcast",
    help="Which deals will be won, when, and what to do first this week.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
progress = Console(stderr=True)
"""Where progress and messages go; results go to standard output."""


Workspace = Annotated[
    Path | None, typer.Option(help="The folder that holds all state; default ./workspace.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def settings_of(workspace: Path | None) -> Settings:
    """Return the settings, with the command line's workspace before the environment's."""
    return Settings() if workspace is None else Settings(workspace=workspace)


@app.callback()
def dealcast() -> None:
    """Which deals will be won, when, and what to do first this week."""


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to make.", show_default=False)],
    deals: Annotated[int, typer.Option(help="How many opportunities.")] = 20_000,
    years: Annotated[float, typer.Option(help="How long the data reach back.")] = 3.0,
    seed: Annotated[int, typer.Option(help="What all chance comes from.")] = 0,
    end: Annotated[
        str | None, typer.Option(help="Where the data end: a Monday, by default the last one.")
    ] = None,
) -> None:
    """Make a company's CRM data as Parquet, with the true curves beside them."""
    from pipelines.simulate import run

    run(out, deals, years, seed, end, progress)


@app.command()
def ingest(
    source: Annotated[Path, typer.Argument(help="A file, or a directory of files.")],
    mapping: Annotated[str, typer.Option(help="A shipped mapping's name, or a YAML file.")],
    pipeline: Annotated[str, typer.Option(help="The pipeline that its deals are on.")],
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Bring a deal history in: files, through a mapping, into the database."""
    from pipelines.ingest import run, summary

    report = run(source, mapping, pipeline, settings_of(workspace), progress)
    if report.rejects:
        progress.print(
            f"{report.rejected:,} rows were refused; the reasons are in {report.rejects}",
            style="bold red",
            soft_wrap=True,
        )
    typer.echo(json.dumps(report.as_json(), ensure_ascii=False) if as_json else summary(report))


def main() -> None:
    """Run the command line and turn errors into one line and an exit code."""
    try:
        app()
    except DealcastError as error:
        progress.print(f"dealcast: {error}", style="red", highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        progress.print("dealcast: interrupted; run it again to go on", style="red")
        sys.exit(130)
