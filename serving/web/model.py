"""Model: can I trust it?"""

from typing import Any, Final

import polars as pl
from fastapi import APIRouter
from starlette.responses import Response

from data.moments import DAY
from models.bundle import Bundle
from serving import ledger
from serving.desk.view import View
from serving.insights.accuracy import accuracy, came
from serving.ledger import Asked
from serving.web import desked
from serving.web.formats import Formats
from serving.web.frame import Frame, TheFrame
from serving.web.plot import Plot, Tick
from serving.web.rendering import page

router = APIRouter()

_LEAST: Final = 10
"""Deals that must have come due before a sentence speaks of them."""
_WEEKS: Final = 26


@router.get("/model")
def model(frame: TheFrame) -> Response:
    """Show what the champion said, what came of it, and on what evidence it serves."""
    view, bundle = desked.view_of(frame), frame.bundle
    if bundle is None:
        return page(frame, "model.html", bundle=None)
    grades = [one for one in _evidence(bundle).get("grades", []) if one["closed"]]
    judged = None if view is None else _judged(frame, view)
    return page(
        frame,
        "model.html",
        bundle=bundle,
        sentence=_in_use(frame, judged, bundle) or _backtested(frame, grades),
        grades=grades,
        picture=picture(grades, frame.formats) if grades else None,
        numbers=_numbers(grades, frame.formats),
        evidence=_horizons(bundle),
        weeks=[] if judged is None else _weeks(judged),
        held_out=bundle.pipeline.desk.experiments.holdout,
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
    """Say in a sentence what came of the chances told most often; None where too few are due."""
    if judged is None or judged.is_empty():
        return None
    days = min(judged["days"].unique(), key=lambda one: abs(one - _middle(bundle)))
    tens = judged.filter(pl.col("days") == days).with_columns(around=(pl.col("p_won") * 10).round())
    most = accuracy(tens, ["around"]).sort("n", descending=True).row(0, named=True)
    if most["n"] < _LEAST:
        return None
    score, won = (100 * most[name] / most["n"] for name in ("said_won", "came_won"))
    told = frame.say("in use, within {} days, on {} deals").format(days, most["n"])
    return _sentence(frame, score, won), told


def _middle(bundle: Bundle) -> int:
    horizons = bundle.horizons_days or (0,)
    return horizons[len(horizons) // 2]


def _backtested(frame: Frame, grades: list[dict[str, Any]]) -> tuple[str, str] | None:
    """Say it of the grade that most backtested deals had; None where none has closed."""
    if not grades:
        return None
    most = max(grades, key=lambda one: int(one["closed"]))
    told = frame.say("in the backtest, on {} closed deals").format(most["closed"])
    return _sentence(frame, most["score"], most["won"]["mean"]), told


def _sentence(frame: Frame, score: float, won: float) -> str:
    number = frame.formats.number
    return frame.say("Of 100 deals scored around {}, {} were won").format(
        number(score), number(won)
    )


def _evidence(bundle: Bundle) -> dict[str, Any]:
    """Return what the backtest before the training found; nothing where there was none."""
    return bundle.card.get("evidence") or {}


def _horizons(bundle: Bundle) -> list[dict[str, Any]]:
    """Return the evidence's rows: by days ahead, then in the end."""
    evidence = _evidence(bundle)
    last = evidence.get("eventual")
    return [*evidence.get("horizons", []), *([last] if last else [])]


def _weeks(judged: pl.DataFrame) -> list[dict[str, Any]]:
    """Sum up by week and days ahead, the newest first."""
    monday = pl.col("as_of") - (pl.col("as_of") - 4 * DAY) % (7 * DAY)
    told = accuracy(judged.with_columns(week=monday), ["week", "days"])
    return told.sort("week", "days", descending=[True, False]).head(_WEEKS).to_dicts()
