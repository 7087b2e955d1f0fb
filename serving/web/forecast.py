"""Forecast: what will we book, and how sure are we?"""

from dataclasses import asdict
from typing import Any, Final, Literal

import polars as pl
from fastapi import APIRouter
from starlette.responses import Response

from serving.desk.outlook import Outlook, outlook
from serving.desk.sheets import Sheet
from serving.insights.period import Kind
from serving.web import desked, files
from serving.web.formats import Formats
from serving.web.frame import Frame, TheFrame
from serving.web.phrases import Say
from serving.web.plot import Plot, Tick, steps_to
from serving.web.rendering import page

router = APIRouter()

PERIODS: Final[dict[Kind, str]] = {"week": "Week", "month": "Month", "quarter": "Quarter"}
BASELINES: Final = {
    "commit": "Sellers' commit",
    "stage_weighted": "Stage-weighted",
    "handbook_amount": "Handbook: new revenue",
    "handbook_deals": "Handbook: new customers",
}
SHORT: Final = {
    "commit": "Commit",
    "stage_weighted": "By stage",
    "handbook_amount": "By revenue",
    "handbook_deals": "By customers",
}
"""What the lines of the baselines are called in the picture."""
_STEPS: Final = 15
"""Deals of the walk that the page names at most."""


@router.get("/forecast")
def forecast(frame: TheFrame) -> Response:
    """Show what the running period will book within reach."""
    view = desked.view_of(frame)
    told = desked.common(frame, view)
    if view is None or not view.about.dated:
        return page(frame, "forecast.html", **told, found=None)
    found = outlook(view, desked.kind_of(frame, PERIODS))
    return page(
        frame,
        "forecast.html",
        **told,
        kind=found.period.kind,
        periods=list(PERIODS.items()),
        found=found,
        named=desked.named(found.period),
        chance=found.target and found.forecast.chance(found.target.value),
        picture=picture(found, frame.formats, frame.say),
        numbers=_numbers(frame, found, view.told_in),
        others=[(label, getattr(found.baselines, name)) for name, label in BASELINES.items()],
        steps=_steps(found),
        moved=[] if found.walk is None else _moved(found, frame),
        past=found.past.sort("as_of", descending=True).head(12).to_dicts(),
    )


@router.get("/forecast.{kind}")
def exported(kind: Literal["csv", "xlsx"], frame: TheFrame) -> Response:
    """Hand out the fan as CSV, or with what others would say and the walk as a workbook."""
    view = desked.needed(frame)
    found = outlook(view, desked.kind_of(frame, PERIODS))
    sheets = [
        Sheet(("预测", "Forecast"), found.fan, view.told_in),
        Sheet(("其他算法", "Baselines"), pl.DataFrame([asdict(found.baselines)]), view.told_in),
    ]
    if found.walk is not None:
        steps = found.walk.steps().select(pl.col(frame.language).alias("step"), "deals", "change")
        sheets.append(Sheet(("变动", "Walk"), steps, view.told_in))
    name = f"{frame.pipeline}-forecast-{found.period.name}"
    return files.tables(sheets, kind, name, view.as_of, frame.formats)


def picture(found: Outlook, formats: Formats, say: Say) -> Plot:
    """Draw what is booked so far, the fan to the period's end, the target, and the baselines."""
    fan, booked, period = found.fan, found.booked, found.period
    now = int(booked["by"][-1])
    others = {
        label: one
        for name, label in SHORT.items()
        if (one := getattr(found.baselines, name)) is not None
    }
    aim = [] if found.target is None else [found.target.value]
    top = 1.1 * max(1.0, fan["high"].max(), *others.values(), *aim)
    ends = [now, *fan["by"]]
    plot = Plot(
        (period.starts_at, period.ends_at),
        (0.0, top),
        x_ticks=[Tick(at, formats.last_day(at)) for at in _weeks(booked, fan)],
        y_ticks=[Tick(value, formats.money(value)) for value in steps_to(top)],
        right=100.0,
    )
    start = float(booked["won"][-1])
    plot.band(ends, [start, *fan["low"]], [start, *fan["high"]])
    for label, one in others.items():
        plot.line([now, period.ends_at], [one, one], say(label), "thin")
    for one in aim:
        plot.line([period.starts_at, period.ends_at], [one, one], say("Target"), "second")
    plot.line(booked["by"].to_list(), booked["won"].to_list())
    plot.line(ends, [start, *fan["median"]], say("Middle"))
    plot.vertical(now, say("today"), "today")
    return plot


def _weeks(booked: pl.DataFrame, fan: pl.DataFrame) -> list[int]:
    """Return the ends of weeks that are named across, not more than can be read."""
    ends = [*booked["by"].to_list()[:-1], *fan["by"].to_list()]
    return ends[:: max(1, len(ends) // 6)]


def _numbers(frame: Frame, found: Outlook, currency: str | None) -> list[list[str]]:
    written, day = frame.formats.in_full, frame.formats.last_day
    so_far = [[day(at), written(won, currency), "", ""] for at, won in found.booked.iter_rows()]
    names = ("median", "low", "high")
    to_come = [
        [day(row["by"]), *(written(round(row[name]), currency) for name in names)]
        for row in found.fan.iter_rows(named=True)
    ]
    return so_far + to_come


def _steps(found: Outlook) -> list[dict[str, Any]]:
    return [] if found.walk is None else found.walk.steps().drop_nulls("change").to_dicts()


def _moved(found: Outlook, frame: Frame) -> list[dict[str, Any]]:
    if found.walk is None:
        return []
    names = {row["step"]: row[frame.language] for row in found.walk.steps().to_dicts()}
    named = found.walk.deals.filter(pl.col("deal_id").is_not_null()).head(_STEPS)
    return [row | {"called": names[row["step"]]} for row in named.to_dicts()]
