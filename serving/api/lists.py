"""`GET /v1/lists/{week}`: what was published for a week."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from data.moments import iso
from serving import lists, standings
from serving.api.problems import responses
from serving.api.records import PipelineName
from serving.api.service import Read, TheService

router = APIRouter(tags=["lists"])


class WeeklyList(BaseModel):
    """One week's list, or a page of it."""

    pipeline: str
    week: str = Field(description="the ISO date of its Monday")
    as_of: str = Field(description="what was known then made it")
    bundle: str = Field(description="the bundle that scored it")
    created_at: str = Field(description="when it was published")
    size: int = Field(description="how many of its items the key may see")
    items: list[dict[str, Any]] = Field(
        description="position, deal_id, title, account, stage, owner_id, owner, team, amount, "
        "currency, value_at_stake, amount_at_close, score, grade, trend, p_won_period, "
        "period_end, p_won_<days> for each horizon, close_median, close_from, close_to, "
        "last_touch_at, last_touch_kind, reasons, served_by, now (outcome; and where it is open "
        "score, grade, p_won, close_median, as_of, bundle, null where it was not scored since); "
        "where timing is unknown, period_end is null and p_won_period is of the end"
    )


@router.get(
    "/lists/{week}",
    responses=responses(401, 403, 404, 422, 503),
)
def weekly_list(
    week: Annotated[str, Path(max_length=20, description="the ISO date of a Monday, or latest")],
    service: TheService,
    access: Read,
    pipeline: Annotated[PipelineName, Query(description="whose list")],
    after: Annotated[int, Query(ge=0, le=2**53, description="last position already read")] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000, description="items a page")] = 200,
) -> WeeklyList:
    """Read a week's list, first position first.

    It stays as it was published; `now` says how each deal stands since.
    """
    published = vars(lists.read(service.engine, pipeline, week, access.reach, after, limit))
    now = standings.now_of(service.engine, pipeline, [i["deal_id"] for i in published["items"]])
    published["items"] = [item | {"now": now[item["deal_id"]]} for item in published["items"]]
    moments = {name: iso(published[name]) for name in ("as_of", "created_at")}
    return WeeklyList(**(published | moments))
