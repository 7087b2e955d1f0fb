"""Reviews: what did we learn?"""

from typing import Any, Final, Literal

import polars as pl
from fastapi import APIRouter
from starlette.responses import Response

from serving.desk.reviewed import SETTLED, next_deals, reviewed, sources
from serving.desk.sheets import Sheet
from serving.desk.view import View
from serving.insights.period import Period
from serving.insights.reviews import Review
from serving.web import desked, files
from serving.web.frame import Frame, TheFrame
from serving.web.plot import Plot, Tick
from serving.web.rendering import page

router = APIRouter()

_SIDES: Final = 30
"""Sources, products or teams that the page names at most; the file has all."""

_SHOWN: Final = 50
"""Deals that the page names; the file has all."""
_ACCOUNTS: Final = 10
_TENTHS: Final = 10


@router.get("/reviews")
def reviews(frame: TheFrame) -> Response:
    """Show what closed within reach against what was said of it, surprises first."""
    view = desked.view_of(frame)
    told = desked.common(frame, view)
    if view is None:
        return page(frame, "reviews.html", **told)
    period, found = _found(frame, view)
    tenths = _by_tenths(found)
    shown = found.deals.head(_SHOWN)
    return page(
        frame,
        "reviews.html",
        **told,
        period=period,
        recent=desked.recent(view, period),
        behind={"on": "closed", **desked.named(period)},
        found=found,
        won=found.deals.filter(pl.col("outcome") == "won"),
        surprise=found.deals["surprise"].mean(),
        judged=len(found.deals) - found.deals["surprise"].null_count(),
        deals=_with_points(shown, found.points),
        picture=picture(tenths, frame) if len(tenths) else None,
        numbers=_numbers(tenths, frame),
        reasons=found.reasons.to_dicts(),
        sides=_sides(frame, found),
        sources=sources(view, period).to_dicts(),
        potential=next_deals(view).head(_ACCOUNTS).to_dicts(),
    )


@router.get("/reviews.{kind}")
def exported(kind: Literal["csv", "xlsx"], frame: TheFrame) -> Response:
    """Hand out the tables: all as a workbook, or the one that the address names as CSV."""
    view = desked.needed(frame)
    period, found = _found(frame, view)
    accounts = next_deals(view).drop("account_id")
    sheets = {
        "deals": Sheet(("结束商机", "Closed deals"), found.deals, view.told_in),
        "reasons": Sheet(("原因", "Reasons"), found.reasons),
        "sources": Sheet(("来源质量", "Sources"), sources(view, period), view.told_in),
        "potential": Sheet(("潜在商机", "Next deals"), accounts),
    }
    chosen = files.picked(sheets, kind, frame.query.get("table"))
    name = f"{frame.pipeline}-reviews-{period.name}"
    return files.tables(chosen, kind, name, view.as_of, frame.formats)


def picture(tenths: pl.DataFrame, frame: Frame) -> Plot:
    """Draw the share that was won of the deals that were given a chance, tenth by tenth."""
    share = frame.formats.share
    ticks = [Tick(part, share(part)) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
    plot = Plot((0.0, 1.0), (0.0, 1.0), x_ticks=ticks, y_ticks=ticks, width=520.0)
    plot.line([0.0, 1.0], [0.0, 1.0], look="second")
    for row in tenths.iter_rows(named=True):
        label = frame.say("{} deals").format(frame.formats.number(row["deals"]))
        plot.dot(row["said"], row["won"], label, "against")
    return plot


def _found(frame: Frame, view: View) -> tuple[Period, Review]:
    period = desked.period(frame, view, SETTLED)
    return period, reviewed(view, period)


def _by_tenths(found: Review) -> pl.DataFrame:
    """Return said (mean), won (share) and deals by the tenth that was said first."""
    told = found.deals.filter(pl.col("p_first").is_not_null())
    tenth = (pl.col("p_first") * _TENTHS).floor().clip(upper_bound=_TENTHS - 1)
    return (
        told.group_by(tenth=tenth)
        .agg(
            said=pl.col("p_first").mean(),
            won=(pl.col("outcome") == "won").mean(),
            deals=pl.len().cast(pl.Int64),
        )
        .sort("tenth")
    )


def _numbers(tenths: pl.DataFrame, frame: Frame) -> list[list[str]]:
    share, number = frame.formats.share, frame.formats.number
    return [
        [share(row["said"], 1), share(row["won"], 1), number(row["deals"])]
        for row in tenths.iter_rows(named=True)
    ]


def _with_points(deals: pl.DataFrame, points: pl.DataFrame) -> list[dict[str, Any]]:
    """Add to each deal what was said of it, in order."""
    said = points.group_by("deal_id", maintain_order=True).agg(path="p_won")
    return deals.join(said, on="deal_id", how="left", maintain_order="left").to_dicts()


def _sides(frame: Frame, found: Review) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Return what was said and what came by source and, for whoever sees more, by team."""
    sides = ["source", "product"]
    if not desked.own(frame):
        sides.append("team")
    told = [(side, desked.LABELS[side], found.by(side).head(_SIDES).to_dicts()) for side in sides]
    return [one for one in told if len(one[2]) > 1]
