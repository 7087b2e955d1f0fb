"""Attainment: are we on target, by whom and what?"""

from typing import Any, Final, Literal

import polars as pl
from fastapi import APIRouter
from starlette.responses import Response

from data.moments import DAY
from serving.desk.reached import Reached, course_of, extremes, reached
from serving.desk.sheets import Sheet
from serving.desk.view import View
from serving.insights.attainment import WON_AMOUNT, WON_DEALS, By
from serving.insights.period import Period, period_of
from serving.insights.quotas import QUOTAS, spans
from serving.insights.sellers import development
from serving.web import desked, files
from serving.web.frame import Frame, TheFrame
from serving.web.plot import Plot, Tick, steps_to
from serving.web.rendering import page
from serving.web.words import ACTIVITIES, apart

router = APIRouter()

METRICS: Final = {WON_AMOUNT: "Won amount", WON_DEALS: "Won deals", **ACTIVITIES}
GROUPS: Final[dict[By, str]] = {"owner_id": "By seller", "team": "By team", "region": "By region"}
SIDES: Final = {
    "account": "Customers",
    "product": "Products",
    "source": "Sources",
    "account_margin": "Customers by margin",
    "product_margin": "Products by margin",
    "source_margin": "Sources by margin",
}
BASES: Final = {
    "own": "set for this choice",
    "parts": "the sum of its parts",
    "pro_rata": "a longer period's by its days",
}
_SHOWN: Final = 20
"""Customers that the page names; the file has all."""
_SELLERS: Final = 60
"""Sellers that the page names; the file has all."""


@router.get("/attainment")
def attainment(frame: TheFrame) -> Response:
    """Show targets, actuals, quotas, customers and extremes within reach."""
    view = desked.view_of(frame)
    told = desked.common(frame, view)
    if view is None:
        return page(frame, "attainment.html", **told)
    found, metric, by = _found(frame, view)
    return page(
        frame,
        "attainment.html",
        **told,
        found=found,
        whole=found.whole.row(0, named=True),
        bases=BASES,
        recent=desked.recent(view, found.period),
        named=desked.named(found.period),
        metric=metric,
        metrics=list(METRICS.items()),
        money=metric == WON_AMOUNT,
        behind=_behind(found, metric),
        by=by,
        groups=_groups(found, view, by),
        ways=[(name.removesuffix("_id"), label) for name, label in _ways(frame, view).items()],
        picture=picture(frame, found, view, metric),
        numbers=_numbers(frame, found, view, metric),
        quotas=_quotas(found, view),
        quota_names=[
            (name, words[0 if frame.language == "zh" else 1]) for name, words in QUOTAS.items()
        ],
        customers=found.customers.head(_SHOWN).to_dicts(),
        quarter=_quarter(view, found),
        extremes=_extremes(view, found),
        development=_development(view),
    )


@router.get("/attainment.{kind}")
def exported(kind: Literal["csv", "xlsx"], frame: TheFrame) -> Response:
    """Hand out the tables: all as a workbook, or the one that the address names as CSV."""
    view = desked.needed(frame)
    found, metric, _ = _found(frame, view)
    sheets = files.picked(sheets_of(view, found, metric), kind, frame.query.get("table"))
    name = f"{frame.pipeline}-attainment-{found.period.name}"
    return files.tables(sheets, kind, name, view.as_of, frame.formats)


def sheets_of(view: View, found: Reached, metric: str) -> dict[str, Sheet]:
    """Return the tables that are handed out, by their names in the address."""
    currency = view.told_in
    groups = pl.concat([found.whole, *([] if found.groups is None else [found.groups])])
    names = dict(view.desk.sellers.select("owner_id", "owner").iter_rows())
    named = pl.col("group").replace_strict(names, default=None, return_dtype=pl.String)
    groups = groups.select("group", named.alias("owner"), pl.exclude("group"))
    quotas = found.quotas.with_columns(quota=pl.struct("zh", "en"))
    sides = [
        frame.select(
            side=pl.lit(side), rank=pl.lit(rank), group="group", won="won", lost="lost"
        ).with_columns(frame["total"])
        for side, pair in extremes(view, found.period).items()
        for rank, frame in zip(("best", "worst"), pair, strict=True)
    ]
    return {
        "groups": Sheet(
            ("达成率", "Attainment"), groups, currency if metric == WON_AMOUNT else None
        ),
        "quotas": Sheet(
            ("活动指标", "Quotas"),
            quotas.select("owner", "role", "quota", "asked", "done", "rate", "met"),
        ),
        "customers": Sheet(
            ("客户达成", "Customers"),
            found.customers.drop("account_id"),
            currency,
            customers=True,
        ),
        "extremes": Sheet(("最好与最差", "Best and worst"), pl.concat(sides), currency),
    }


def _found(frame: Frame, view: View) -> tuple[Reached, str, By | None]:
    period = desked.period(frame, view)
    metric = desked.chosen(frame, "metric", tuple(METRICS), WON_AMOUNT)
    ways = list(_ways(frame, view))
    asked = frame.query.get("by", "")
    by = next((one for one in ways if one.removesuffix("_id") == asked), next(iter(ways), None))
    return reached(view, period.kind, by, metric, period.starts_at), metric, by


def _ways(frame: Frame, view: View) -> dict[By, str]:
    """Return what the figures may be parted by; a seller's own figures by nothing."""
    if desked.own(frame):
        return {}
    parts = view.sellers
    return {by: label for by, label in GROUPS.items() if parts[by].drop_nulls().n_unique() > 1}


def _groups(found: Reached, view: View, by: By | None) -> list[dict[str, Any]]:
    """Return the groups, the highest rate first, then those without a target."""
    if found.groups is None or by is None:
        return []
    names = dict(apart(view.desk.sellers.select("owner_id", "owner").drop_nulls().iter_rows()))
    some = (pl.col("actual") > 0) | pl.col("target").is_not_null()
    ranked = found.groups.filter(some).sort("rate", "actual", descending=True, nulls_last=True)
    return [
        row | {"called": names.get(row["group"], row["group"])}
        for row in ranked.head(_SELLERS).to_dicts()
    ]


def _behind(found: Reached, metric: str) -> dict[str, str] | None:
    """Return what the address of the deals behind the actual says; None of activities."""
    if metric not in (WON_AMOUNT, WON_DEALS):
        return None
    period = found.period
    return {"outcome": "won", "on": "closed", **desked.named(period)}


def picture(frame: Frame, found: Reached, view: View, metric: str) -> Plot:
    """Draw what has come up day by day, the periods before, and the way to the target."""
    rows, say, formats = course_of(view, found.period, metric), frame.say, frame.formats
    days, target = rows["day"].to_list(), found.whole["target"][0]
    told = rows.select("actual", "before", "year_ago").fill_null(0.0).to_numpy()
    top = 1.1 * max(1.0, float(told.max()), target or 0.0)
    start, ends = found.period.starts_at, [day for day in days if day % 7 == 0] or days
    plot = Plot(
        (1.0, float(max(days[-1], 2))),
        (0.0, top),
        x_ticks=[
            Tick(day, formats.last_day(start + day * DAY))
            for day in ends[:: max(1, len(ends) // 6)]
        ],
        y_ticks=[Tick(value, formats.money(value)) for value in steps_to(top)],
        right=100.0,
    )
    if target is not None:
        plot.line([1.0, days[-1]], [target / len(days), target], say("Target"), "second")
    for name, label in (("year_ago", "A year ago"), ("before", "Before")):
        if rows[name].max():
            plot.line(days, rows[name].to_list(), say(label), "thin")
    known = rows.drop_nulls("actual")
    if len(known):
        plot.line(known["day"].to_list(), known["actual"].to_list(), say("Actual"))
    return plot


def _numbers(frame: Frame, found: Reached, view: View, metric: str) -> list[list[str]]:
    start = found.period.starts_at
    written = frame.formats.number
    rows = course_of(view, found.period, metric)
    weekly = rows.filter((pl.col("day") % 7 == 0) | (pl.col("day") == len(rows)))
    return [
        [
            frame.formats.last_day(start + row["day"] * DAY),
            *(written(row[name]) for name in ("actual", "before", "year_ago")),
        ]
        for row in weekly.iter_rows(named=True)
    ]


def _quotas(found: Reached, view: View) -> list[dict[str, Any]]:
    """Return a row for each seller, with each quota and the address of what is behind it."""
    week, quarter = spans(view.as_of)
    asked: dict[str, dict[str, str]] = {
        "closings": {"outcome": "won", "on": "closed", **desked.named(week)},
        "new_customers": {"first": "1", "on": "created", **desked.named(week)},
        "key_customers": {"on": "followed", **desked.named(quarter)},
    }
    sellers: dict[str, dict[str, Any]] = {}
    busy = set(view.open_deals["owner_id"])
    idle = found.quotas.group_by("owner_id").agg(pl.col("done").sum()).filter(pl.col("done") == 0)
    gone = set(idle["owner_id"]) - busy  # who has left is not asked for anything
    for row in found.quotas.filter(~pl.col("owner_id").is_in(gone)).iter_rows(named=True):
        seller = sellers.setdefault(row["owner_id"], row | {"quotas": {}})
        behind = asked[row["quota"]] | {"owner": row["owner_id"]}
        if row["quota"] != "closings":
            behind["least"] = f"{view.about.practice.quotas[row['role']].least_estimate:.0f}"
        seller["quotas"][row["quota"]] = row | {"behind": behind}
    return list(sellers.values())[:_SELLERS]


def _quarter(view: View, found: Reached) -> Period:
    moment = min(found.period.ends_at - 1, max(view.as_of, found.period.starts_at))
    return period_of("quarter", moment)


def _extremes(view: View, found: Reached) -> list[dict[str, Any]]:
    """Return the tables of best and worst that have rows."""
    return [
        {
            "side": side.removesuffix("_margin"),
            "label": SIDES[side],
            "best": best.to_dicts(),
            "worst": worst.to_dicts(),
        }
        for side, (best, worst) in extremes(view, found.period).items()
        if len(best)
    ]


def _development(view: View) -> list[dict[str, Any]]:
    """Return one seller's own quarters, where the view is of one seller."""
    owners = view.scope.owner_id
    if owners is None or len(owners) != 1:
        return []
    told = view.once("development", lambda: development(view.deals, view.work, view.as_of))
    return told.sort("quarter", descending=True).head(8).to_dicts()
