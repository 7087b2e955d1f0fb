"""The commands that say what is ahead."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import (
    AsOf,
    Currency,
    Json,
    LaterBundle,
    Owner,
    PipelineName,
    Team,
    Workspace,
    moment_of,
    output,
    period_kind,
    progress,
    settings_of,
    side_of,
    view_of,
)


def score(
    pipeline: PipelineName,
    as_of: AsOf = None,
    out: Annotated[
        Path | None, typer.Option(help="A row per deal: a .parquet or .csv file.")
    ] = None,
    curves: Annotated[
        Path | None, typer.Option(help="A row per deal and day ahead: a .parquet or .csv file.")
    ] = None,
    allow_later_bundle: LaterBundle = False,
    workspace: Workspace = None,
) -> None:
    """Score every open deal of a pipeline at a moment."""
    from pipelines.phrases import say
    from pipelines.score import run

    moment, settings = moment_of(as_of), settings_of(workspace)
    scores = run(pipeline, moment, settings, progress, out, curves, allow_later_bundle)
    typer.echo(say(settings.language)("{}: scored {:,}").format(pipeline, len(scores.rows)))


def week(
    pipeline: PipelineName,
    as_of: AsOf = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for CSV and XLSX; the workspace's lists.")
    ] = None,
    allow_later_bundle: LaterBundle = False,
    workspace: Workspace = None,
) -> None:
    """Publish this week's list: what to work on first, and why."""
    from pipelines.week import run, show

    settings = settings_of(workspace)
    published = run(
        pipeline,
        moment_of(as_of),
        settings,
        progress,
        out,
        allow_later_bundle=allow_later_bundle,
    )
    show(published, output(), settings.language)
    for path in published.files:
        typer.echo(path)


def desk(
    pipeline: PipelineName,
    as_of: AsOf = None,
    look_back: Annotated[
        int, typer.Option(min=0, max=20, help="Finished quarters to look back at; a fit each.")
    ] = 0,
    allow_later_bundle: LaterBundle = False,
    workspace: Workspace = None,
) -> None:
    """Make what pages, forecast, funnel and attainment read; `week` does so too."""
    from data.moments import iso_date
    from pipelines.desk import run
    from pipelines.phrases import say

    moment, settings = moment_of(as_of), settings_of(workspace)
    run(pipeline, moment, settings, progress, allow_later_bundle, look_back)
    told = say(settings.language)("{}: the desk as of {} is made")
    typer.echo(told.format(pipeline, iso_date(moment)))


def forecast(
    pipeline: PipelineName,
    period: Annotated[str, typer.Option(help="week, month or quarter.")] = "quarter",
    owner: Owner = None,
    team: Team = None,
    currency: Currency = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Tell what the running period will book, as of the desk's moment."""
    from pipelines.desk_tables import show_forecast
    from serving.desk import answers
    from serving.desk.outlook import outlook

    view, language = view_of(workspace, pipeline, owner, team, currency)
    found = outlook(view, period_kind(period))
    if as_json:
        typer.echo(json.dumps(answers.forecast(view, found), ensure_ascii=False))
    else:
        show_forecast(view, found, output(), language)


def funnel(
    pipeline: PipelineName,
    owner: Owner = None,
    team: Team = None,
    currency: Currency = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Tell the funnel of the last year, where it sticks, and what the target needs."""
    from pipelines.desk_tables import show_funnel
    from serving.desk import answers
    from serving.desk.flow import flow

    view, language = view_of(workspace, pipeline, owner, team, currency)
    found = flow(view)
    if as_json:
        typer.echo(json.dumps(answers.funnel(view, found), ensure_ascii=False))
    else:
        show_funnel(view, found, output(), language)


def attainment(
    pipeline: PipelineName,
    period: Annotated[str, typer.Option(help="day, week, month, quarter or year.")] = "quarter",
    by: Annotated[str | None, typer.Option(help="A row for each owner, team or region.")] = None,
    owner: Owner = None,
    team: Team = None,
    currency: Currency = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Tell targets against actuals, quotas and customers."""
    from pipelines.desk_tables import show_attainment
    from serving.desk import answers
    from serving.desk.reached import reached

    view, language = view_of(workspace, pipeline, owner, team, currency)
    found = reached(view, period_kind(period), side_of(by))
    if as_json:
        typer.echo(json.dumps(answers.attainment(view, found), ensure_ascii=False))
    else:
        show_attainment(view, found, output(), language)
