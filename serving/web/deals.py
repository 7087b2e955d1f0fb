"""Deals: find any open deal."""

from typing import Final, Literal

from fastapi import APIRouter
from starlette.responses import Response

from serving.web import files, found
from serving.web.found import Wanted
from serving.web.frame import Frame, TheFrame
from serving.web.rendering import page
from serving.web.words import activity

router = APIRouter()

COLUMNS: Final = {
    "stage": "Stage",
    "owner": "Seller",
    "team": "Team",
    "amount": "Amount",
    "expected": "Amount at close",
    "chance": "Won in the end",
    "close": "Expected close",
    "touch": "Last touch",
}
"""The columns to choose from, beside the deal itself."""
_OF_SELLERS: Final = ("owner", "team")
_AT_FIRST: Final = ("stage", "owner", "amount", "chance", "close", "touch")
VIEWS: Final = (
    ("-score", "Likeliest first"),
    ("close", "Closing next"),
    ("-amount", "Largest first"),
    ("touch", "Longest silent"),
)
"""Views that are ready: an order and its name. Any other is kept as its address."""
_FILTERS: Final = {"stage": "stage", "owner": "owner_id", "grade": "grade"}


@router.get("/deals")
def deals(frame: TheFrame) -> Response:
    """Show the open deals within reach, found by words, filters and order."""
    wanted, engine = _wanted(frame), frame.service.engine
    seen = frame.query.get("columns")
    columns = _AT_FIRST if seen is None else [name for name in seen.split(".") if name in COLUMNS]
    own = frame.scope.reach.by == "owner_id"
    offered = {name: one for name, one in COLUMNS.items() if not (own and name in _OF_SELLERS)}
    return page(
        frame,
        "deals.html",
        found=found.find(engine, wanted),
        columns=[name for name in columns if name in offered],
        all_columns=offered,
        stages=found.stages(engine, wanted),
        owners=[] if own else found.sellers(engine, wanted),
        filtered=bool(wanted.words or wanted.equal),
        views=VIEWS,
        standard=found.STANDARD,
        activity=activity,
    )


@router.get("/deals.{kind}")
def exported(kind: Literal["csv", "xlsx"], frame: TheFrame) -> Response:
    """Hand out the deals as they are filtered and sorted, as a file."""
    rows = found.frame_of(frame.service.engine, _wanted(frame))
    return files.answer(rows, kind, f"{frame.pipeline}-deals", frame.formats.now, frame.formats)


def _wanted(frame: Frame) -> Wanted:
    query = frame.query
    return Wanted(
        pipeline=frame.pipeline or "",
        reaches=(frame.viewer.reach, frame.scope.reach),
        words=query.get("q", "")[:200],
        equal=tuple((column, query[name]) for name, column in _FILTERS.items() if query.get(name)),
        sort=query.get("sort") or found.STANDARD,
        cursor=query.get("after"),
    )
