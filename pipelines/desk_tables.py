"""The desk as a terminal shows it: forecast, funnel and attainment as tables."""

from dataclasses import asdict
from typing import Any

import polars as pl
from rich.console import Console

from data.moments import iso_date
from pipelines.phrases import Language, say
from pipelines.tables import show_table, tell
from serving.desk.answers import head
from serving.desk.flow import Flow
from serving.desk.headings import WORDS, called
from serving.desk.outlook import Outlook
from serving.desk.reached import Reached
from serving.desk.view import View
from serving.insights import ideal
from serving.web.words import apart

_SHARES = ("moved_so_far", "conversion", "conversion_before", "conversion_goal")
_RATES = ("rate", "required", "over_before", "over_year")
_SHOWN = 10


def show_forecast(view: View, found: Outlook, console: Console, language: Language) -> None:
    """Print a forecast: the sentence, the fan, the baselines, the walk."""
    _headline(view, console, language)
    tell(console, found.chances[language])
    _show(found.fan, console, language)
    _show(pl.DataFrame([asdict(found.baselines)]), console, language)
    if found.walk is not None:
        words = say(language)
        told = words("From {:,.0f} on {} to {:,.0f}:").format(
            found.walk.before, iso_date(found.walk.since), found.walk.now
        )
        tell(console, told)
        steps = found.walk.steps().select(step=language, deals="deals", change="change")
        _show(steps, console, language)


def show_funnel(view: View, found: Flow, console: Console, language: Language) -> None:
    """Print a funnel: stages, the bottleneck, what the target needs, what is stuck."""
    _headline(view, console, language)
    left = ("reached", "moved", "lost", "waiting")
    _show(found.funnel.table().drop(*left), console, language)
    if found.bottleneck is not None:
        tell(console, found.bottleneck.told[language])
    if found.needs:
        actions = [one.action and one.action[language] for one in found.needs]
        needed = ideal.table(found.needs).with_columns(action=pl.Series(actions, dtype=pl.String))
        _show(needed, console, language)
    if len(found.stagnant):
        told = say(language)("Standing longer than nine in ten: {:,}").format(len(found.stagnant))
        tell(console, told)
        _show(found.stagnant.drop("account").head(_SHOWN), console, language)
        _cut(len(found.stagnant), _SHOWN, console, language)


def show_attainment(view: View, found: Reached, console: Console, language: Language) -> None:
    """Print an attainment: the whole, the groups, quotas and customers."""
    _headline(view, console, language)
    tell(console, found.period.name, "bold")
    names = dict(apart(view.desk.sellers.select("owner_id", "owner").drop_nulls().iter_rows()))
    groups = [] if found.groups is None else [found.groups]
    reached = pl.concat([found.whole, *groups])
    _show(reached.with_columns(pl.col("group").replace(names)), console, language)
    if len(found.quotas):
        told = found.quotas.select("owner", "role", "asked", "done", "rate", quota=language)
        shown = told.select("owner", "role", "quota", "asked", "done", "rate")
        _show(shown.head(3 * _SHOWN), console, language)
        _cut(len(shown), 3 * _SHOWN, console, language)
    if len(found.customers):
        shown = found.customers.drop("account_id", "owner").head(_SHOWN)
        _show(shown, console, language, customers=True)
        _cut(len(found.customers), _SHOWN, console, language)


def _cut(rows: int, shown: int, console: Console, language: Language) -> None:
    """Say so where a table has more rows than are printed."""
    if rows > shown:
        tell(console, say(language)("the first {:,} of {:,} rows").format(shown, rows))


def _headline(view: View, console: Console, language: Language) -> None:
    about = view.about
    line = f"{about.pipeline}, {iso_date(about.as_of)}: {about.serving[language]}"
    tell(console, f"{line} ({view.told_in})" if view.told_in else line)
    for one in head(view)["without_rate"]:
        tell(console, one[language], "bold red")


def _show(
    frame: pl.DataFrame, console: Console, language: Language, customers: bool = False
) -> None:
    heads = [called(name, language, customers) for name in frame.columns]
    rows = [
        [_cell(name, value, language) for name, value in row.items()]
        for row in frame.iter_rows(named=True)
    ]
    kinds = enumerate(frame.dtypes)
    figures = [at for at, kind in kinds if kind.is_numeric() or kind == pl.Null]
    show_table(console, heads, rows, right=figures)


def _cell(name: str, value: Any, language: Language) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return {"zh": "是" if value else "否", "en": "yes" if value else "no"}[language]
    if name == "by":
        return iso_date(value - 1)  # a period's last day
    if name in _SHARES or name in _RATES:
        return f"{value:.0%}"
    if isinstance(value, float):
        return (
            f"{value:,.1f}" if name.startswith("days") or name == "usual_days" else f"{value:,.0f}"
        )
    if isinstance(value, str):
        return WORDS.get(value, (value, value))[0 if language == "zh" else 1]
    return f"{value:,}"
