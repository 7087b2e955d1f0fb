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
from pipelines.groups import erase, features, keys, ledger, models, pipelines, webhooks
from pipelines.options import (
    AsOf,
    Currency,
    Json,
    Keep,
    Language,
    LaterBundle,
    Owner,
    PipelineName,
    Report,
    Seed,
    Team,
    Workspace,
    days_of,
    moment_of,
    origins_of,
    period_kind,
    progress,
    settings_of,
    side_of,
    view_of,
)
from pipelines.people import audit_log, doctor, users

app = typer.Typer(
    name="dealcast",
    help="Which deals will be won, when, and what to do first this week.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for name, group in {
    "features": features,
    "models": models,
    "pipelines": pipelines,
    "keys": keys,
    "erase": erase,
    "ledger": ledger,
    "webhooks": webhooks,
    "users": users,
}.items():
    app.add_typer(group, name=name)
app.command("audit-log")(audit_log)
app.command()(doctor)


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
    from pipelines.phrases import say

    settings = settings_of(workspace)
    report = run(source, mapping, pipeline, settings, progress)
    if report.rejects:
        told = say(settings.language)("Refused: {:,}; the reasons are in {}")
        refused = told.format(report.rejected, report.rejects)
        progress.print(refused, style="bold red", soft_wrap=True)
    document = json.dumps(report.as_json(), ensure_ascii=False)
    typer.echo(document if as_json else summary(report, settings.language))


@app.command()
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
        show(pipeline, found.to_dict(), Console(), language or settings.language)
    if strict and found.left_out:
        raise typer.Exit(2)


@app.command()
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
        show(trained, Console(), settings.language)


@app.command()
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
    keep: Keep = None,
    seed: Seed = 0,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Freeze the pipeline at past moments, score what was open, and look up what came."""
    from pipelines.backtest import document, run, show
    from pipelines.phrases import say
    from pipelines.workspace import reader_of_places
    from training.report import write
    from training.summary import summary

    settings = settings_of(workspace)
    read = reader_of_places(settings, pipeline)
    origins = origins_of(origin or [], since, until, every, read)
    days = None if horizons is None else days_of(horizons)
    judged = run(pipeline, origins, settings, progress, days, seed, keep=keep or ())
    tongue = language or settings.language
    if as_json:
        typer.echo(json.dumps(document(pipeline, judged), ensure_ascii=False))
    else:
        title = say(tongue)("{}: said and came").format(pipeline)
        show(title, summary(judged), Console(), tongue)
    if report is not None:
        written = say(tongue)("{} is written.").format(write(judged, report, tongue))
        progress.print(written, highlight=False)


@app.command()
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


@app.command()
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
    show(published, Console(), settings.language)
    for path in published.files:
        typer.echo(path)


@app.command()
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


@app.command()
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
        show_forecast(view, found, Console(), language)


@app.command()
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
        show_funnel(view, found, Console(), language)


@app.command()
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
        show_attainment(view, found, Console(), language)


@app.command()
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


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="The file to write, such as dealcast.tar.gz.")],
    workspace: Workspace = None,
) -> None:
    """Write the workspace to one file; a service may go on meanwhile."""
    from pipelines.backup import backup

    typer.echo(json.dumps(backup(settings_of(workspace), out)))


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="A file that `dealcast backup` wrote.")],
    workspace: Workspace = None,
) -> None:
    """Make a new workspace of a backup."""
    from pipelines.backup import restore

    typer.echo(json.dumps(restore(settings_of(workspace), archive)))


@app.command()
def demo(
    deals: Annotated[int, typer.Option(help="How many opportunities to simulate.")] = 20_000,
    seed: Seed = 0,
    workspace: Workspace = None,
) -> None:
    """Simulate a company, train on its history, and print this week's list and forecast."""
    from pipelines.demo import run

    run(settings_of(workspace), deals, seed, progress, Console())


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
