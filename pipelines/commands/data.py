"""The commands about deals as they come in, stay and go."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Json, PipelineName, Workspace, output, progress, settings_of


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


def ingest(
    source: Annotated[Path, typer.Argument(help="A file, or a directory of files.")],
    mapping: Annotated[str, typer.Option(help="A shipped mapping's name, or a YAML file.")],
    pipeline: Annotated[str, typer.Option(help="The pipeline that its deals are on.")],
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Bring a deal history in: files, through a mapping, into the database."""
    from pipelines.ingest import run, show
    from pipelines.phrases import say

    settings = settings_of(workspace)
    report = run(source, mapping, pipeline, settings, progress)
    if report.rejects:
        told = say(settings.language)("Refused: {:,}; the reasons are in {}")
        refused = told.format(report.rejected, report.rejects)
        progress.print(refused, style="bold red", soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        show(report, output(), settings.language)


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
