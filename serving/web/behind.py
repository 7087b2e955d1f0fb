"""The deals behind a number: open and closed ones of the desk, as the address narrows them."""

from typing import Annotated, Any, Final, Literal

import polars as pl
from fastapi import APIRouter, Query
from starlette.responses import Response

from serving.desk.sheets import Sheet
from serving.desk.view import View
from serving.insights.period import Period
from serving.web import desked, files
from serving.web.frame import Frame, TheFrame
from serving.web.rendering import page

router = APIRouter()

STEP: Final = 50
OUTCOMES: Final = ("won", "lost", "open")
WHEN: Final = {"closed": "closed_at", "created": "created_at"}
_EQUAL: Final = {"stage": "stage", "reason": "reason"}
_COLUMNS: Final = (
    *("deal_id", "title", "account", "owner", "stage", "outcome"),
    *("created_at", "closed_at", "value", "p_won", "source", "product", "reason"),
)


@router.get("/behind")
def behind(frame: TheFrame, after: Annotated[int, Query(ge=0, le=1_000_000)] = 0) -> Response:
    """Show the deals that a number of another page is made of."""
    view = desked.view_of(frame)
    told = desked.common(frame, view)
    if view is None:
        return page(frame, "behind.html", **told)
    rows, period = deals_of(frame, view), _period(frame, view)
    return page(
        frame,
        "behind.html",
        **told,
        size=len(rows),
        value=rows["value"].sum(),
        rows=rows.slice(after, STEP).to_dicts(),
        after=after,
        step=STEP,
        facts=_facts(frame, rows, period),
    )


@router.get("/behind.{kind}")
def exported(kind: Literal["csv", "xlsx"], frame: TheFrame) -> Response:
    """Hand out the same deals, all of them, as a file."""
    view = desked.needed(frame)
    sheet = Sheet(("商机", "Deals"), deals_of(frame, view), view.told_in)
    return files.tables([sheet], kind, f"{frame.pipeline}-behind", view.as_of, frame.formats)


def deals_of(frame: Frame, view: View) -> pl.DataFrame:
    """Return the deals of a view that the address asks for, the largest first.

    Beside the filters of all pages it knows outcome, account, stage, reason, and when the deals
    were created or closed: `on`, `period` and `at`. `first` asks for the first deal of an account,
    `followed` for accounts that their sellers followed, `least` for an amount.
    """
    asked, rows = frame.query, view.deals
    if asked.get("outcome") in OUTCOMES:
        rows = rows.filter(pl.col("outcome") == asked["outcome"])
    for name, column in _EQUAL.items():
        if asked.get(name):
            rows = rows.filter(pl.col(column) == asked[name])
    if asked.get("account"):  # by id, or by name where only that is told
        here = pl.col("account_id") == asked["account"]
        rows = rows.filter(here | (pl.col("account") == asked["account"]))
    period, on = _period(frame, view), asked.get("on", "")
    if period is not None and on in WHEN:
        rows = rows.filter(period.holds(WHEN[on]))
    if asked.get("first"):
        rows = rows.filter("first_of_account")
    if asked.get("least", "").isdecimal():
        rows = rows.filter(pl.col("value") >= int(asked["least"]))
    if period is not None and on == "followed":
        followed = view.followed.filter(period.holds("week"))
        rows = rows.join(followed, on=["owner_id", "account_id"], how="semi")
    return rows.select(_COLUMNS).sort("value", "deal_id", descending=[True, False], nulls_last=True)


def _period(frame: Frame, view: View) -> Period | None:
    return desked.period(frame, view) if frame.query.get("on") else None


def _facts(frame: Frame, rows: pl.DataFrame, period: Period | None) -> list[str]:
    """Say in words what the address asks for."""
    say, asked = frame.say, frame.query
    told: list[Any] = []
    if asked.get("outcome") in OUTCOMES:
        told.append(say({"won": "Won", "lost": "Lost", "open": "Open"}[asked["outcome"]]))
    if asked.get("account"):
        told.append(next(iter(rows["account"].head(1)), asked["account"]))
    told += [asked[name] for name in ("stage", "reason") if asked.get(name)]
    words = {"closed": "closed in {}", "created": "created in {}", "followed": "followed in {}"}
    if period is not None and asked["on"] in words:
        told.append(say(words[asked["on"]]).format(period.name))
    return [str(one) for one in told]
