"""This week: what to do first, and why."""

from typing import Annotated, Any, Final, Literal, cast

import polars as pl
from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from data.bulk import pushing
from data.errors import NotFound
from data.moments import DAY
from serving import actions, lists
from serving.access.pages import OwnForm, TheViewer, own_path
from serving.actions import Action
from serving.api.service import TheService, actor
from serving.web import files, listed
from serving.web.frame import Frame, TheFrame
from serving.web.listed import Asked
from serving.web.phones import phones
from serving.web.rendering import page
from serving.web.words import activity

router = APIRouter()

GROUPS: Final = (
    ("must", "Must do", "red"),
    ("risk", "At risk", "amber"),
    ("worth", "Most worth", "grey"),
)
"""The groups of the list in the order they are told, with the one meaning of their colour."""
RESTS: Final = ("snoozed", "dismissed", "done")
"""Why a deal is not listed, where somebody said so; whoever may see it may take that back."""
_FILTERS: Final = {"group": "group", "stage": "stage", "owner": "owner_id"}


@router.get("/week")
def this_week(
    frame: TheFrame,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show the list of a week, within reach."""
    asked = _asked(frame, after)
    engine = frame.service.engine
    found = listed.read(engine, asked)
    if found is None:
        return page(frame, "week.html", found=None, weeks=listed.weeks(engine, asked.pipeline))
    sellers = listed.sellers(engine, asked, found.week)
    numbers = phones(engine, asked.pipeline, [item["deal_id"] for item in found.items])
    return page(
        frame,
        "week.html",
        found=found,
        rows=rows(frame, found, numbers),
        weeks=listed.weeks(engine, asked.pipeline),
        stages=listed.stages(engine, asked, found.week),
        owners=[] if frame.scope.reach.by == "owner_id" else sellers,
        groups=GROUPS,
        grouped=any("group" in item for item in found.items),
        acting=any("action" in item for item in found.items),
        used=_hours(_capacity(frame, found)),
        assumption=found.told.get("assumption", {}).get(frame.language),
        filtered=bool(asked.words or asked.equal),
        period_end=next((item["period_end"] for item in found.items), None),
        after=after,
        step=listed.PAGE,
        standard="",
    )


@router.get("/week.{kind}")
def exported(kind: Literal["csv", "xlsx"], frame: TheFrame) -> Response:
    """Hand out the list as it is filtered and sorted, every row of it.

    The workbook has the sellers' hours and what is not listed, too, as the published one has.
    """
    engine, asked = frame.service.engine, _asked(frame)
    found = listed.read(engine, asked, None)
    if found is None:
        raise NotFound("no list was published", field="pipeline", value=frame.pipeline)
    left_out = lists.others(engine, asked.pipeline, found.week, asked.reaches)
    capacity = pl.DataFrame(_capacity(frame, found), infer_schema_length=None)
    return files.answer(
        listed.frame_of(found.items, found.columns),
        *(kind, f"week-{found.week}", found.as_of, frame.formats),
        loads=capacity if len(capacity) else None,
        others=listed.frame_of(left_out) if left_out else None,
        note=found.told.get("assumption", {}).get(frame.language, ""),
    )


@router.get("/week/others")
def others(frame: TheFrame, after: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Say of each open deal that is not on the list why not."""
    asked, week = _asked(frame), frame.query.get("week") or lists.LATEST
    engine, most = frame.service.engine, listed.PAGE + 1
    items = lists.others(engine, asked.pipeline, week, asked.reaches, after, most)
    acts = _acts(frame, week) if items else {}
    for item in items:
        act = acts.get(item["deal_id"])
        item["act"] = act_in_words(frame, act)
        item["rests"] = item["why"] in RESTS and (act is None or act.action != "reopened")
    shown, more = items[: listed.PAGE], len(items) > listed.PAGE
    return page(frame, "others.html", items=shown, more=more, week=week)


@router.post("/week/acts", dependencies=[OwnForm])
def act(
    request: Request,
    service: TheService,
    viewer: TheViewer,
    pipeline: Annotated[str, Form(max_length=200)],
    week: Annotated[str, Form(max_length=20)],
    deal: Annotated[str, Form(max_length=200)],
    act: Annotated[str, Form(max_length=20)],
    reason: Annotated[str, Form(max_length=actions.MOST_REASON)] = "",
    after: Annotated[str, Form(alias="next")] = "/week",
) -> Response:
    """Note what the viewer did about an item, and go back to the list.

    `act` is one of `serving.actions.ACTS`; a snooze is `snoozed-N`, N days from now.
    """
    name, _, days = act.partition("-")
    now = service.clock()
    with pushing(service.engine) as transaction:
        actions.act(
            transaction,
            pipeline,
            week,
            deal,
            cast(actions.Act, name),
            actor(request, "user", viewer.user_id),
            now,
            viewer.reach,
            now + int(days) * DAY if days.isdecimal() else None,
            reason.strip() or None if name == "dismissed" else None,
        )
    return RedirectResponse(own_path(after), 303)


def rows(frame: Frame, found: listed.Listed, numbers: dict[str, str]) -> list[dict[str, Any]]:
    """Return what the table shows, in its order; a group's first row has its heading."""
    told, group = [], None
    acts = _acts(frame, found.week)
    for item in found.items:
        row = _row(frame, item, found.before.get(item["deal_id"]))
        row["act"] = act_in_words(frame, acts.get(item["deal_id"]))
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
        "place": item["position"],
        "deal_id": item["deal_id"],
        "address": frame.deal(item["deal_id"]),
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
        "touch_kind": activity(frame.say, item["last_touch_kind"]),
    }


def _acts(frame: Frame, week: str) -> dict[str, Action]:
    """Return the last act on each item of a list within reach."""
    made = actions.of_list(frame.service.engine, frame.pipeline or "", week, frame.viewer.reach)
    return {one.deal_id: one for one in made}


def act_in_words(frame: Frame, act: Action | None) -> str | None:
    """Say what was done about an item; None where nothing was, or it was taken back."""
    if act is None or act.action == "reopened":
        return None
    if act.action == "snoozed":
        return frame.say("Rests until {}").format(frame.formats.date(act.until))
    if act.action == "dismissed":
        return frame.say("Not now: {}").format(act.reason)
    return frame.say("Done")


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


def _capacity(frame: Frame, found: listed.Listed) -> list[dict[str, Any]]:
    """Return the hours of the sellers within reach, or of the one that is chosen."""
    reaches, owner = (frame.viewer.reach, frame.scope.reach), frame.query.get("owner")
    return [
        one
        for one in found.told.get("capacity", [])
        if all(reach.covers(one["owner_id"], one.get("team")) for reach in reaches)
        and owner in (None, "", one["owner_id"])
    ]


def _hours(capacity: list[dict[str, Any]]) -> dict[str, float] | None:
    """Add up hours used and hours available; None without any seller."""
    if not capacity:
        return None
    return {name: sum(one[f"hours_{name}"] for one in capacity) for name in ("used", "available")}
