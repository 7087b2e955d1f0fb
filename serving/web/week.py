"""This week: what to do first, and why."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from serving.insights import export
from serving.web import listed
from serving.web.frame import Frame, TheFrame
from serving.web.listed import Asked
from serving.web.phones import phones
from serving.web.rendering import page

router = APIRouter()

GROUPS: Final = (
    ("must_do", "Must do", "red"),
    ("at_risk", "At risk", "amber"),
    ("most_worth", "Most worth", "grey"),
)
"""The groups of the list in the order they are told, with the one meaning of their colour."""
_FILTERS: Final = {"group": "group", "stage": "stage", "owner": "owner_id"}


@router.get("/week")
def this_week(
    frame: TheFrame,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show the list of a week, within reach."""
    if frame.pipeline is None:
        return page(frame, "nothing.html")
    asked = _asked(frame, after)
    found = listed.read(frame.service.engine, asked)
    if found is None:
        return page(frame, "week.html", found=None, weeks=[], standard="")
    engine = frame.service.engine
    return page(
        frame,
        "week.html",
        found=found,
        standard="",
        monday=date.fromisoformat(found.week),
        sunday=date.fromisoformat(found.week) + timedelta(days=6),
        weeks=listed.weeks(engine, frame.pipeline),
        stages=listed.choices(engine, asked, found.week, "stage"),
        owners=_owners(frame, asked, found.week),
        groups=GROUPS,
        phones=phones(engine, frame.pipeline, [item["deal_id"] for item in found.items]),
        after=after,
        step=listed.PAGE,
    )


@router.get("/week.{kind}")
def exported(kind: str, frame: TheFrame) -> Response:
    """Hand out the list as it is filtered, every row of it, as CSV or as a workbook."""
    return files.answer(frame, kind, lambda: _frame_of(frame), "week")


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
