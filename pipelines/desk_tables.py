"""The desk as a terminal shows it: forecast, funnel and attainment as tables."""

from dataclasses import asdict
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from data.moments import iso_date
from pipelines.phrases import Language, say
from serving.desk.answers import head
from serving.desk.flow import Flow
from serving.desk.headings import WORDS, called
from serving.desk.outlook import Outlook
from serving.desk.reached import Reached
from serving.desk.view import View
from serving.insights import ideal

_SHARES = ("moved_so_far", "conversion", "conversion_before", "conversion_goal")
_RATES = ("rate", "required", "over_before", "over_year")
_SHOWN = 10


def show_forecast(view: View, found: Outlook, console: Console, language: Language) -> None:
    """Print a forecast: the sentence, the fan, the baselines, the walk."""
    _headline(view, console, language)
    console.print(found.chances[language], highlight=False, soft_wrap=True)
    console.print(_table(found.fan, language))
    console.print(_table(pl.DataFrame([asdict(found.baselines)]), language))
    if found.walk is not None:
        words = say(language)
        told = words("From {:,.0f} on {} to {:,.0f}:").format(
            found.walk.before, iso_date(found.walk.since), found.walk.now
        )
        console.print(told, highlight=False)
        steps = found.walk.steps().select(step=language, deals="deals", change="change")
        console.print(_table(steps, language))


def show_funnel(view: View, found: Flow, console: Console, language: Language) -> None:
    """Print a funnel: stages, the bottleneck, what the target needs, what is stuck."""
    _headline(view, console, language)
    left = ("reached", "moved", "lost", "waiting")
    console.print(_table(found.funnel.table().drop(*left), language))
    if found.bottleneck is not None:
        console.print(found.bottleneck.told[language], highlight=False, soft_wrap=True)
    if found.needs:
        actions = [one.action and one.action[language] for one in found.needs]
        needed = ideal.table(found.needs).with_columns(action=pl.Series(actions, dtype=pl.String))
        console.print(_table(needed, language))
    if len(found.stagnant):
        told = say(language)("Standing longer than nine in ten: {:,}").format(len(found.stagnant))
        console.print(told, highlight=False)
        console.print(_table(found.stagnant.drop("account").head(_SHOWN), language))


def show_attainment(view: View, found: Reached, console: Console, language: Language) -> None:
    """Print an attainment: the whole, the groups, quotas and customers."""
    _headline(view, console, language)
    console.print(found.period.name, style="bold", highlight=False)
    groups = [] if found.groups is None else [found.groups]
    console.print(_table(pl.concat([found.whole, *groups]), language))
    if len(found.quotas):
        told = found.quotas.select("owner", "role", "asked", "done", "rate", quota=language)
        shown = told.select("owner", "role", "quota", "asked", "done", "rate")
        console.print(_table(shown.head(3 * _SHOWN), language))
    if len(found.customers):
        shown = found.customers.drop("account_id", "owner").head(_SHOWN)
        console.print(_table(shown, language, customers=True))


def _headline(view: View, console: Console, language: Language) -> None:
    about = view.about
    line = f"{about.pipeline}, {iso_date(about.as_of)}: {about.serving[language]}"
    console.print(f"{line} ({view.told_in})" if view.told_in else line, highlight=False)
    for one in head(view)["without_rate"]:
        console.print(one[language], style="bold red", highlight=False, soft_wrap=True)


def _table(frame: pl.DataFrame, language: Language, customers: bool = False) -> Table:
    laid = Table(show_edge=False, pad_edge=False, box=None)
    for name, kind in frame.schema.items():
        right = kind.is_numeric() or kind == pl.Null
        laid.add_column(called(name, language, customers), justify="right" if right else "left")
    for row in frame.iter_rows(named=True):
        laid.add_row(*(_cell(name, value, language) for name, value in row.items()))
    return laid


def _cell(name: str, value: Any, language: Language) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return {"zh": "是" if value else "否", "en": "yes" if value else "no"}[language]
    if name == "by":
        return iso_date(value)
    if name in _SHARES or name in _RATES:
        return f"{value:.0%}"
    if isinstance(value, float):
        return (
            f"{value:,.1f}" if name.startswith("days") or name == "usual_days" else f"{value:,.0f}"
        )
    if isinstance(value, str):
        return WORDS.get(value, (value, value))[0 if language == "zh" else 1]
    return f"{value:,}"
