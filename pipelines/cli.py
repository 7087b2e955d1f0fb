"""The command line: the commands in the order of `--help`, and errors as exit codes.

Exit codes: 0 done, 1 a fault of ours, 2 an input to mend, 130 interrupted.
"""

import sys
from typing import NoReturn

import typer

from data.errors import DealcastError, first_line
from pipelines.commands import data, models, operations, people, results
from pipelines.options import progress

app = typer.Typer(
    name="dealcast",
    help="Which deals will be won, when, and what to do first this week.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    *(people.audit_log, operations.doctor, data.simulate, data.ingest),
    *(models.audit, models.train, models.backtest),
    *(results.score, results.week, results.desk),
    *(results.forecast, results.funnel, results.attainment),
    *(operations.serve, operations.backup, operations.restore, operations.demo),
):
    app.command()(command)
for name, group in {
    "features": models.features,
    "models": models.models,
    "pipelines": data.pipelines,
    "keys": people.keys,
    "erase": data.erase,
    "ledger": operations.ledger,
    "webhooks": operations.webhooks,
    "users": people.users,
}.items():
    app.add_typer(group, name=name)


def _fail(why: str) -> NoReturn:
    progress.print(f"dealcast: {why}", style="red", highlight=False, soft_wrap=True)
    sys.exit(2)


def main() -> None:
    """Run the command line and turn errors into one line and an exit code."""
    try:
        app()
    except DealcastError as error:
        _fail(str(error))
    except Exception as error:
        from data.database import AWAY  # here, because most commands that fail need none

        if not isinstance(error, AWAY):
            raise
        _fail(f"the database does not answer: {first_line(error)}; try again")
    except KeyboardInterrupt:
        progress.print("dealcast: interrupted; run it again to go on", style="red")
        sys.exit(130)
