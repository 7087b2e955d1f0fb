"""The commands that keep a deployment going."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Json, Seed, Workspace, output, progress, settings_of


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Port.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes.")] = None,
    workspace: Workspace = None,
) -> None:
    """Serve scores and lists over HTTP until stopped."""
    from pipelines.serve import run

    given = {"host": host, "port": port, "workers": workers}
    changed = {name: value for name, value in given.items() if value is not None}
    run(settings_of(workspace).model_copy(update=changed))


def doctor(workspace: Workspace = None, as_json: Json = False) -> None:
    """Check that this deployment is whole, safe and reachable; exit code 2 where it is not."""
    from pipelines.doctor import examine, show

    settings = settings_of(workspace)
    findings = examine(settings)
    if as_json:
        typer.echo(json.dumps([vars(one) for one in findings], ensure_ascii=False, indent=2))
    else:
        show(findings, settings.language)
    if any(one.level == "fault" for one in findings):
        raise typer.Exit(2)


def backup(
    out: Annotated[Path, typer.Argument(help="The file to write, such as dealcast.tar.gz.")],
    workspace: Workspace = None,
) -> None:
    """Write the workspace to one file; a service may go on meanwhile."""
    from pipelines.backup import backup

    typer.echo(json.dumps(backup(settings_of(workspace), out)))


def restore(
    archive: Annotated[Path, typer.Argument(help="A file that `dealcast backup` wrote.")],
    workspace: Workspace = None,
) -> None:
    """Make a new workspace of a backup."""
    from pipelines.backup import restore

    typer.echo(json.dumps(restore(settings_of(workspace), archive)))


def demo(
    deals: Annotated[int, typer.Option(help="How many opportunities to simulate.")] = 20_000,
    seed: Seed = 0,
    workspace: Workspace = None,
) -> None:
    """Simulate a company, train on its history, and print this week's list and forecast."""
    from pipelines.demo import run

    run(settings_of(workspace), deals, seed, progress, output())


ledger = typer.Typer(no_args_is_help=True, help="The ledger of what was said.")


@ledger.command("prune")
def ledger_prune(workspace: Workspace = None) -> None:
    """Delete entries older than DEALCAST_LEDGER_DAYS, and print how many."""
    from pipelines.kept import prune

    typer.echo(prune(settings_of(workspace)))


webhooks = typer.Typer(no_args_is_help=True, help="Webhooks: send again what is dead.")


@webhooks.command("redeliver")
def webhooks_redeliver(webhook_id: str, workspace: Workspace = None) -> None:
    """Put what could not be delivered back to be sent, and print how many there are."""
    from pipelines.kept import redeliver

    typer.echo(redeliver(settings_of(workspace), webhook_id))
