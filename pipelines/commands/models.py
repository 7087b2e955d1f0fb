"""The commands about what learns from them: columns, features, models."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import (
    AsOf,
    Json,
    Keep,
    Language,
    PipelineName,
    Report,
    Seed,
    Workspace,
    days_of,
    moment_of,
    origins_of,
    output,
    progress,
    settings_of,
)


def audit(
    pipeline: PipelineName,
    as_of: AsOf = None,
    keep: Keep = None,
    out: Annotated[Path | None, typer.Option(help="File to write the findings to, JSON.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 2 where a column is left out.")
    ] = False,
    language: Language = None,
    seed: Seed = 0,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Find columns that know more than could be known, and say what a training does with them."""
    from pipelines.audit import run, show, write

    settings = settings_of(workspace)
    found = run(pipeline, moment_of(as_of), settings, keep or (), seed)
    if out is not None:
        write(found, out)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False))
    else:
        show(pipeline, found.to_dict(), output(), language or settings.language)
    if strict and found.left_out:
        raise typer.Exit(2)


def train(
    pipeline: PipelineName,
    as_of: AsOf = None,
    origin: Annotated[
        str | None,
        typer.Option(
            help="Past moment or place to judge at; else a middle horizon before the end."
        ),
    ] = None,
    search: Annotated[
        float, typer.Option(min=0, help="Minutes to search for better settings of the boosters.")
    ] = 0,
    keep: Keep = None,
    seed: Seed = 0,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Fit the model on what was known by a moment, judge it, and make it champion."""
    from pipelines.train import run, show
    from pipelines.workspace import reader_of_places

    moment, settings, at = moment_of(as_of), settings_of(workspace), None
    if origin is not None:
        at = reader_of_places(settings, pipeline)(origin, "origin")
    trained = run(
        *(pipeline, moment, settings, progress, seed, at),
        search_seconds=60 * search,
        keep=keep or (),
    )
    if as_json:
        typer.echo(json.dumps(trained.bundle.card, ensure_ascii=False))
    else:
        show(trained, output(), settings.language)


def backtest(
    pipeline: PipelineName,
    origin: Annotated[
        list[str] | None, typer.Option(help="Past moment, ISO 8601, or place; repeat it.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="First of a row of moments, beside --origin.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Days between them.")] = 7,
    until: Annotated[str | None, typer.Option(help="The last of them, or before it.")] = None,
    report: Report = None,
    language: Language = None,
    horizons: Annotated[
        str | None, typer.Option(help="Days ahead to judge at: 7,14,28. The pipeline's own.")
    ] = None,
    light: Annotated[bool, typer.Option("--light", help="Fit quickly, to try something.")] = False,
    keep: Keep = None,
    seed: Seed = 0,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Freeze the pipeline at past moments, score what was open, and look up what came."""
    from models.boosting import Settings as Fitting
    from pipelines.backtest import document, run, show
    from pipelines.phrases import say
    from pipelines.workspace import reader_of_places
    from training.report import write
    from training.summary import summary

    settings = settings_of(workspace)
    read = reader_of_places(settings, pipeline)
    origins = origins_of(origin or [], since, until, every, read)
    days = None if horizons is None else days_of(horizons)
    quick = replace(Fitting.light(settings.threads), cluster=settings.dask)
    fitting = quick if light else None
    judged = run(pipeline, origins, settings, progress, days, seed, fitting, keep or ())
    tongue = language or settings.language
    if as_json:
        typer.echo(json.dumps(document(pipeline, judged), ensure_ascii=False))
    else:
        title = say(tongue)("{}: said and came").format(pipeline)
        show(title, summary(judged), output(), tongue)
    if report is not None:
        written = say(tongue)("{} is written.").format(write(judged, report, tongue))
        progress.print(written, highlight=False)


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
        show(found, settings.language, output())


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
