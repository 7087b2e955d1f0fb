"""The command line: options in, one job called, exit codes out.

Exit codes: 0 done, 1 a fault of ours, 2 an input to mend, 130 interrupted.
Jobs are imported when they are called, so that `dealcast --help` answers at once.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from data.errors import DealcastError

app = typer.Typer(
    name="dealcast",
    help="Which deals will be won, when, and what to do first this week.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
progress = Console(stderr=True)
"""Where progress and messages go; results go to standard output."""


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
