"""This week: what to do first, and why."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import Response

from data.errors import NotFound
from serving.web import files, listed
from serving.web.frame import Frame, TheFrame
from serving.web.listed import Asked
from serving.web.phones import phones
from serving.web.rendering import page

router = APIRouter()

GROUPS: Final = (
    ("must", "Must do", "red"),
    ("risk", "At risk", "amber"),
    ("worth", "Most worth", "grey"),
)
"""The groups of the list in the order they are told, with the one meaning of their colour."""
_FILTERS: Final = {"group": "group", "stage": "stage", "owner": "owner_id"}


@router.get("/week")
def this_week(frame: TheFrame, after: Annotated[int, Query(ge=0, le=1_000_000)] = 0) -> Response:
    """Show the list of a week, within reach."""
    asked = _asked(frame, after)
    engine = frame.service.engine
    found = listed.read(engine, asked)
    if found is None:
        return page(frame, "week.html", found=None, weeks=[])
    numbers = phones(engine, asked.pipeline, [item["deal_id"] for item in found.items])
    return page(
        frame,
        "week.html",
        found=found,
        rows=rows(frame, found, after, numbers),
        weeks=listed.weeks(engine, asked.pipeline),
        stages=listed.choices(engine, asked, found.week, "stage"),
        owners=_owners(frame, asked, found.week),
        groups=GROUPS,
        grouped=any("group" in item for item in found.items),
        acting=any("action" in item for item in found.items),
        used=None,
        not_listed=None,
        filtered=bool(asked.words or asked.equal),
        period_end=next((item["period_end"] for item in found.items), None),
        after=after,
        step=listed.PAGE,
        standard="",
    )


@router.get("/week.{kind}")
def exported(kind: Literal["csv", "xlsx"], frame: TheFrame) -> Response:
    """Hand out the list as it is filtered and sorted, every row of it."""
    found = listed.read(frame.service.engine, _asked(frame), None)
    if found is None:
        raise NotFound("no list was published", field="pipeline", value=frame.pipeline)
    return files.answer(
        listed.frame_of(found), kind, f"week-{found.week}", found.as_of, frame.language
    )


def rows(
    frame: Frame, found: listed.Listed, after: int, numbers: dict[str, str]
) -> list[dict[str, Any]]:
    """Return what the table shows, in its order; a group's first row has its heading."""
    told, group = [], None
    for place, item in enumerate(found.items, after + 1):
        row = _row(frame, item, found.before.get(item["deal_id"])) | {"place": place}
        row["phone"] = numbers.get(item["deal_id"])
        heads = not frame.query.get("sort") and item.get("group") != group
        group = item.get("group")
        row["heading"] = next((one for one in GROUPS if heads and one[0] == group), None)
        told.append(row)
    return told


def _row(frame: Frame, item: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """Tell one item; what a list of before does not say is None."""
    action, due = item.get("action"), item.get("due_at")
    reasons = item.get("reasons") or []
    warnings = item.get("warnings") or []
    same_period = before and before.get("period_end") == item["period_end"]
    return {
        "deal_id": item["deal_id"],
        "address": f"/deals/{frame.pipeline}/{quote(item['deal_id'])}",
        "title": item["title"] or item["deal_id"],
        "account": item["account"],
        "stage": item["stage"],
        "owner": item["owner"],
        "currency": item["currency"],
        "action": action and action[frame.language],
        "due": due,
        "overdue": bool(item.get("overdue")),
        "hours": item.get("hours"),
        "stake": item["value_at_stake"],
        "amount": item["amount"],
        "chance": item["p_won_period"],
        "chance_before": before["p_won_period"] if before and same_period else None,
        "grade": item["grade"],
        "trend": item["trend"],
        "close": item["close_median"],
        "close_from": item["close_from"],
        "close_to": item["close_to"],
        "warning": next((one[frame.language] for one in warnings), None),
        "reason": next((one[frame.language] for one in reasons), None),
        "for_it": next((one["effect"] > 0 for one in reasons), None),
        "touch": item["last_touch_at"],
        "touch_kind": item["last_touch_kind"],
        "taken": None,
        "actionable": True,
    }


def _asked(frame: Frame, after: int = 0) -> Asked:
    query = frame.query
    return Asked(
        pipeline=frame.pipeline or "",
        reaches=(frame.viewer.reach, frame.scope.reach),
        week=query.get("week"),
        words=query.get("q", "")[:200],
        equal=tuple((field, query[name]) for name, field in _FILTERS.items() if query.get(name)),
        sort=query.get("sort", ""),
        after=after,
    )


def _owners(frame: Frame, asked: Asked, week: str) -> list[tuple[str, str]]:
    """Return the sellers to choose from; a seller has no colleagues here."""
    if frame.scope.reach.by == "owner_id":
        return []
    return listed.sellers(frame.service.engine, asked, week)
