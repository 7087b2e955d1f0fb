"""Model: can I trust it?"""

from typing import Any, Final

import polars as pl
from fastapi import APIRouter
from starlette.responses import Response

from data.moments import DAY
from models.bundle import CHAMPION, Bundle
from serving import ledger
from serving.desk.view import View
from serving.insights.accuracy import accuracy, came
from serving.insights.experiments import held_out
from serving.insights.holdout import compare
from serving.ledger import Asked
from serving.web import desked
from serving.web.formats import Formats
from serving.web.frame import Frame, TheFrame
from serving.web.plot import Plot, Tick
from serving.web.rendering import page

router = APIRouter()

_LEAST: Final = 30
"""Deals that must have come due before a sentence speaks of them."""
_WEEKS: Final = 26
_DESKS: Final = 9
_FRESH: Final = {"data": 7, "model": 91}
"""Days after which data and a model are told to be old."""
SEGMENTS: Final = {"source": "Source", "product": "Product", "stage": "Stage", "team": "Team"}


@router.get("/model")
def model(frame: TheFrame) -> Response:
    """Show what the champion said, what came of it, and on what evidence it serves."""
    view, bundle = desked.view_of(frame), frame.bundle
    if bundle is None:
        return page(frame, "model.html", bundle=None)
    grades = [one for one in bundle.grades if one["closed"]]
    judged = None if view is None else _judged(frame, view)
    return page(
        frame,
        "model.html",
        bundle=bundle,
        sentence=_in_use(frame, judged, bundle) or _backtested(frame, grades),
        grades=grades,
        picture=picture(grades, frame.formats) if grades else None,
        numbers=_numbers(grades, frame.formats),
        evidence=bundle.evidence,
        weeks=[] if judged is None else _weeks(judged),
        held_out=bundle.pipeline.desk.experiments.holdout,
        since=_since(frame),
        stale=_stale(frame, bundle),
        **_in_depth(frame, view, judged, bundle),
    )


def picture(grades: list[dict[str, Any]], formats: Formats) -> Plot:
    """Draw the share won of each grade by its mean score, with intervals, and the diagonal."""
    ticks = [Tick(value, formats.share(value / 100)) for value in (0.0, 25.0, 50.0, 75.0, 100.0)]
    plot = Plot((0.0, 100.0), (0.0, 100.0), x_ticks=ticks, y_ticks=ticks, width=520.0)
    plot.line([0.0, 100.0], [0.0, 100.0], look="second")
    for one in grades:
        score, won = one["score"], one["won"]
        plot.line([score, score], [won["low"], won["high"]])
        plot.dot(score, won["mean"], f"{one['grade']}: {formats.number(won['mean'])}", "against")
    return plot


def _numbers(grades: list[dict[str, Any]], formats: Formats) -> list[list[str]]:
    number = formats.number
    return [
        [
            one["grade"],
            number(one["closed"]),
            number(one["score"]),
            number(one["won"]["mean"]),
            f"{number(one['won']['low'])}–{number(one['won']['high'])}",
        ]
        for one in grades
    ]


def _judged(frame: Frame, view: View) -> pl.DataFrame:
    """Return what was said of the deals within reach and has come due, as known by the desk."""

    def find() -> pl.DataFrame:
        with frame.service.engine.connect() as connection:
            told = ledger.said(connection, Asked(pipeline=view.about.pipeline))
        return came(told, view.deals, view.as_of)

    return view.once("judged", find)


def _in_use(frame: Frame, judged: pl.DataFrame | None, bundle: Bundle) -> tuple[str, str] | None:
    """Say in a sentence what came of chances near one half; None where too few are due."""
    if judged is None or judged.is_empty():
        return None
    due, days = _due(judged, bundle)
    tens = due.with_columns(around=(pl.col("p_won") * 10).round())
    enough = accuracy(tens, ["around"]).filter(pl.col("n") >= _LEAST)
    if enough.is_empty():
        return None
    # where one cannot guess it: the tenth nearest to one half
    most = enough.sort((pl.col("around") - 5).abs(), "n", descending=[False, True]).row(
        0, named=True
    )
    score, won = (100 * most[name] / most["n"] for name in ("said_won", "came_won"))
    told = frame.say("Of 100 deals given {}% to be won within {} days, {} were")
    number = frame.formats.number
    sentence = told.format(number(score), days, number(won))
    return sentence, frame.say("in use, on {} deals").format(most["n"])


def _due(judged: pl.DataFrame, bundle: Bundle) -> tuple[pl.DataFrame, int]:
    """Return what was said of the days ahead nearest to the bundle's middle, and those days."""
    days = min(judged["days"].unique(), key=lambda one: abs(one - _middle(bundle)))
    return judged.filter(pl.col("days") == days), int(days)


def _since(frame: Frame) -> int | None:
    """Return when the champion was named."""
    file = frame.service.settings.bundles / (frame.pipeline or "") / CHAMPION
    return file.stat().st_mtime_ns // 1_000 if file.is_file() else None


def _stale(frame: Frame, bundle: Bundle) -> dict[str, int]:
    """Return the days since which data and model know nothing new, where a person should look."""
    ages = {"data": frame.updated_at, "model": bundle.as_of}
    days = {name: (frame.formats.now - at) // DAY for name, at in ages.items() if at is not None}
    return {name: days[name] for name, most in _FRESH.items() if days.get(name, 0) > most}


def _in_depth(
    frame: Frame, view: View | None, judged: pl.DataFrame | None, bundle: Bundle
) -> dict[str, Any]:
    """Return what is told of segments, of the hold-out and of drift; empty without a desk."""
    told: dict[str, Any] = {"segments": [], "arms": None, "drift": [], "rates": [], "days": 0}
    if view is None or judged is None:
        return told
    told |= {"drift": _drift(view), "rates": _rates(view)}
    if judged.is_empty():
        return told
    due, days = _due(judged, bundle)
    known = due.join(view.deals.select("deal_id", "account_id", *SEGMENTS), on="deal_id")
    sides = [one for one in SEGMENTS if one != "team" or not desked.own(frame)]
    experiments = bundle.pipeline.desk.experiments
    accounts = known.with_columns(pl.coalesce("account_id", "deal_id"))
    drawn = held_out(accounts["account_id"].to_list(), experiments, view.about.pipeline)
    return told | {
        "days": days,
        "segments": [
            (SEGMENTS[side], accuracy(known.drop_nulls(side), [side]).rename({side: "group"}))
            for side in sides
        ],
        "arms": compare(accounts.with_columns(held=pl.Series(drawn, dtype=pl.Boolean))),
    }


def _drift(view: View) -> list[dict[str, Any]]:
    """Return at each desk how many deals within reach were open, and the mean chance said."""
    said = view.desk.said.join(view.deals.select("deal_id"), on="deal_id", how="semi")
    told = said.group_by("as_of").agg(deals=pl.len(), said=pl.col("p_won").mean())
    return told.sort("as_of", descending=True).head(_DESKS).to_dicts()


def _rates(view: View) -> list[tuple[int, int, float]]:
    """Return the share won of the deals closed in the last quarter, and in the year before it."""
    found = []
    for since, until in ((91, 0), (455, 91)):
        inside = pl.col("closed_at").is_between(
            view.as_of - since * DAY, view.as_of - until * DAY, closed="left"
        )
        closed = view.deals.filter(inside)["outcome"]
        if len(closed):
            found.append((since - until, len(closed), float(closed.eq("won").sum()) / len(closed)))
    return found


def _middle(bundle: Bundle) -> int:
    horizons = bundle.horizons_days or (0,)
    return horizons[len(horizons) // 2]


def _backtested(frame: Frame, grades: list[dict[str, Any]]) -> tuple[str, str] | None:
    """Say it of the grade that most backtested deals had; None where none has closed."""
    if not grades:
        return None
    most = max(grades, key=lambda one: int(one["closed"]))
    told = frame.say("in the backtest, on {} closed deals").format(most["closed"])
    number = frame.formats.number
    sentence = frame.say("Of 100 deals scored around {}, {} were won")
    return sentence.format(number(most["score"]), number(most["won"]["mean"])), told


def _weeks(judged: pl.DataFrame) -> list[dict[str, Any]]:
    """Sum up by week and days ahead, the newest first."""
    monday = pl.col("as_of") - (pl.col("as_of") - 4 * DAY) % (7 * DAY)
    told = accuracy(judged.with_columns(week=monday), ["week", "days"])
    return told.sort("week", "days", descending=[True, False]).head(_WEEKS).to_dicts()
