"""The commands that stand in groups: features, models, pipelines, keys."""

import json
from typing import Annotated

import typer
from rich.console import Console

from pipelines.options import Json, PipelineName, Seed, Workspace, progress, settings_of

features = typer.Typer(no_args_is_help=True, help="Features: list them, check your own.")


@features.command("list")
def features_list(
    pipeline: PipelineName, workspace: Workspace = None, as_json: Json = False
) -> None:
    """List what the next training of a pipeline looks at, with your own features marked."""
    from pipelines.features import listing, show

    settings = settings_of(workspace)
    found = listing(settings, pipeline)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        show(found, settings.language, Console())


@features.command("check")
def features_check(pipeline: PipelineName, seed: Seed = 0, workspace: Workspace = None) -> None:
    """Hold your own features to the laws of ours, on some of a pipeline's deals."""
    from pipelines.features import check

    typer.echo(check(settings_of(workspace), pipeline, seed))


models = typer.Typer(no_args_is_help=True, help="Trained bundles: list them, promote one.")


@models.command("list")
def models_list(pipeline: PipelineName, workspace: Workspace = None) -> None:
    """List a pipeline's bundles as JSON, with the champion marked."""
    from pipelines.models import listing

    typer.echo(json.dumps(listing(settings_of(workspace), pipeline), ensure_ascii=False, indent=2))


@models.command("promote")
def models_promote(name: str, pipeline: PipelineName, workspace: Workspace = None) -> None:
    """Make a bundle champion, an earlier one too: that is how to roll back."""
    from pipelines.models import promote

    promote(settings_of(workspace), pipeline, name)
    progress.print(f"{name} serves {pipeline} now.", highlight=False)


pipelines = typer.Typer(no_args_is_help=True, help="Pipelines: list them, delete one.")


@pipelines.command("list")
def pipelines_list(workspace: Workspace = None) -> None:
    """List the pipelines as JSON: rows by table, bundles, the champion."""
    from pipelines.pipelines import listing

    typer.echo(json.dumps(listing(settings_of(workspace)), ensure_ascii=False, indent=2))


@pipelines.command("delete")
def pipelines_delete(
    name: str,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    workspace: Workspace = None,
) -> None:
    """Delete a pipeline: its deals and their history, its lists, its bundles."""
    from pipelines.phrases import say
    from pipelines.pipelines import delete, found, told

    settings = settings_of(workspace)
    words = say(settings.language)
    progress.print(told(found(settings, name), words), highlight=False, soft_wrap=True)
    if yes or _agreed(words("Delete it?")):
        delete(settings, name)
        typer.echo(words("{} is deleted.").format(name))
    else:
        typer.echo(words("Nothing was deleted."))


def _agreed(question: str) -> bool:
    """Ask on standard error; an end of input is a no."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False


keys = typer.Typer(no_args_is_help=True, help="API keys: make, list, revoke.")


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="Who will use it, for what.")],
    scope: Annotated[list[str], typer.Option(help="score, write, read or admin; repeat it.")],
    expires_days: Annotated[int | None, typer.Option(help="Days until it ends.")] = None,
    owner: Annotated[
        str | None, typer.Option(help="Only deals of this owner_id are seen with it.")
    ] = None,
    team: Annotated[str | None, typer.Option(help="Only deals of this team.")] = None,
    workspace: Workspace = None,
) -> None:
    """Make an API key and print it, for the only time."""
    from pipelines.keys import create

    typer.echo(create(settings_of(workspace), name, scope, expires_days, owner, team))
    progress.print("Keep it now: only its hash is stored.")


@keys.command("list")
def keys_list(workspace: Workspace = None) -> None:
    """List the keys as JSON, without their secrets."""
    from pipelines.keys import listing

    typer.echo(json.dumps(listing(settings_of(workspace)), ensure_ascii=False, indent=2))


@keys.command("revoke")
def keys_revoke(key_id: str, workspace: Workspace = None) -> None:
    """End a key at once, by the id that stands after dc_ in it."""
    from pipelines.keys import revoke

    revoke(settings_of(workspace), key_id)
    progress.print(f"{key_id} is revoked.", highlight=False)


erase = typer.Typer(no_args_is_help=True, help="Forget a deal or a person, on request.")


@erase.command("deal")
def erase_deal(deal_id: str, pipeline: PipelineName, workspace: Workspace = None) -> None:
    """Forget a deal; its scores stay in the ledger under a pseudonym, without text."""
    from pipelines.kept import deal

    typer.echo(json.dumps(deal(settings_of(workspace), pipeline, deal_id)))


@erase.command("contact")
def erase_contact(contact_id: str, pipeline: PipelineName, workspace: Workspace = None) -> None:
    """Forget a person: name and id go, what was done with them stays."""
    from pipelines.kept import contact

    typer.echo(json.dumps(contact(settings_of(workspace), pipeline, contact_id)))


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
