"""`dealcast week`: this week's list, published in the database, as CSV and as a workbook."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from data.moments import iso, iso_date, monday, now
from data.settings import Settings
from features.custom import load
from pipelines import desk
from pipelines.files import write_whole
from pipelines.phrases import Language, Say, say
from pipelines.tables import tell
from pipelines.week_table import show_list
from pipelines.workspace import database_of, opened, warn_if_stale, warn_of_stages
from serving import actions, ledger, lists, standings
from serving.champions import Champions
from serving.desk.outlook import outlook
from serving.desk.view import View
from serving.insights import export
from serving.insights.board import Weekly, weekly
from serving.insights.forecast import Forecast
from serving.ledger import Told
from serving.scorer import Scorer
from serving.scores import Scores


@dataclass(frozen=True)
class Week:
    """A published list: what serves, its frames, the quarter's forecast, and the files written.

    There is no forecast where timing is unknown.
    """

    pipeline: str
    as_of: int
    serving: dict[str, str]
    listed: pl.DataFrame
    made: Weekly
    forecast: Forecast | None
    files: list[Path]


def run(
    pipeline: str,
    as_of: int,
    settings: Settings,
    progress: Console,
    out: Path | None = None,
    allow_later_bundle: bool = False,
) -> Week:
    """Make the list of the week that a moment lies in and publish it in place of an earlier one.

    Args:
        pipeline: whose list.
        as_of: what was known then makes it (microseconds of UTC).
        settings: where the database and the bundles are, and the language of the files.
        progress: where to say what goes on.
        out: the folder for CSV and XLSX; by default the workspace's lists.
        allow_later_bundle: let a bundle score a past that it has seen the sequel of.

    Raises:
        BadInput: the bundle knows what came after as_of.
        NotFound: no such pipeline, or it has no champion.
    """
    own = load(settings.features)
    scorer = Champions(settings.bundles, settings.threads, own).scorer(pipeline)
    with database_of(settings) as engine:
        seen = standings.pushes(engine, pipeline)
    configured, tables = opened(settings, pipeline)
    told = f"{pipeline}: the list as of {iso(as_of)} with {scorer.bundle.name}"
    progress.print(told, soft_wrap=True)
    if scorer.bundle.dated:
        warn_if_stale(tables, as_of, progress, settings.language)
    scores = scorer.score(
        tables,
        as_of,
        trend_days=configured.desk.week_days,
        allow_later_bundle=allow_later_bundle,
        contact=True,
    )
    warn_of_stages(scores, scorer.bundle, progress, settings.language)
    with database_of(settings) as engine:
        acted = actions.recent(engine, pipeline, as_of)
        made = weekly(tables, as_of, configured, scores, acted)
        listed = _with_reasons(made.listed, scorer, scores).with_columns(
            served_by=pl.lit(scorer.bundle.serves)
        )
        head = _head(pipeline, as_of, scorer)
        lists.publish(engine, head, lists.items(listed), lists.items(made.others), made.told)
        # what is not listed was told too, with why; and the hold-out is judged by it
        ledger.enter(engine, Told(now(), "list", "job:week"), ledger.entries(scorer, scores))
        standings.refresh(engine, scorer, scores, tables, seen, settings.webhook_close_days)
    stem = (out or settings.lists) / f"{pipeline}-{monday(as_of).isoformat()}"
    files = _write(listed, made, as_of, stem, settings)
    forecast = None
    kept = desk.keep(settings, tables, scorer.bundle, scores, progress)
    if scores.curves.dated:
        forecast = outlook(View(kept)).forecast
    return Week(pipeline, as_of, scorer.bundle.serving, listed, made, forecast, files)


def _head(pipeline: str, as_of: int, scorer: Scorer) -> dict[str, Any]:
    return {
        "pipeline": pipeline,
        "week": monday(as_of).isoformat(),
        "as_of": as_of,
        "bundle": scorer.bundle.name,
        "created_at": now(),
    }


def show(week: Week, console: Console, language: Language = "en", rows: int = 10) -> None:
    """Print the top of a list and the quarter's forecast."""
    words = say(language)
    tell(console, f"{week.pipeline}: {week.serving[language]}")
    if week.listed.is_empty():
        nothing = words(
            "No deal is open as of {}, so the list is empty. Ingest the newest export, or name "
            "another moment with --as-of."
        ).format(iso_date(week.as_of))
        tell(console, nothing)
        return
    title = words("{}: first this week, as of {}").format(week.pipeline, iso_date(week.as_of))
    tell(console, f"\n{title}\n", "bold")
    show_list(week.listed.head(rows).to_dicts(), console, language)
    tell(console, f"\n{_told(week.forecast, words)}")


def _told(forecast: Forecast | None, words: Say) -> str:
    if forecast is None:
        return words("Timing unknown: P(won) is of the end, and there is no quarter's forecast.")
    return words(
        "This quarter's bookings: {:,.0f} to {:,.0f} (80 %), in the middle {:,.0f}; won already: "
        "{:,.0f}."
    ).format(forecast.low, forecast.high, forecast.median, forecast.won)


def _with_reasons(listed: pl.DataFrame, scorer: Scorer, scores: Scores) -> pl.DataFrame:
    """Say why, of the listed deals only: reasons cost far more than scores."""
    rows = scores.rows.join(listed.select("deal_id"), on="deal_id", how="semi")
    why = scorer.bundle.explain(rows, scorer.threads)
    whys = [[vars(reason) for reason in deal.reasons] for deal in why]
    words = dict.fromkeys(("feature", "topic", "group", "zh", "en"), pl.String)
    reason = pl.Struct(words | {"effect": pl.Float64})
    told = rows.select("deal_id", reasons=pl.Series(whys, dtype=pl.List(reason)))
    return listed.join(told, on="deal_id", maintain_order="left")


def _write(
    listed: pl.DataFrame, made: Weekly, as_of: int, stem: Path, settings: Settings
) -> list[Path]:
    language = settings.language
    note = made.told["assumption"][language]
    zone = settings.timezone
    book = export.workbook(listed, as_of, language, made.loads, made.others, note, zone)
    contents = {
        stem.with_name(f"{stem.name}.csv"): export.csv(listed, language, zone),
        stem.with_name(f"{stem.name}.xlsx"): book,
    }
    for path, content in contents.items():
        write_whole(path, partial(Path.write_bytes, data=content))
    return list(contents)
