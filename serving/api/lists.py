"""`/v1/lists/{week}`: what was published for a week, what was not listed, and what was done."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from data.bulk import pushing
from data.moments import iso, parse_moment
from serving import actions, lists, standings
from serving.api.idempotency import IdempotencyKey, Once
from serving.api.problems import responses
from serving.api.records import PipelineName
from serving.api.service import Read, TheService, Write

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
        "where timing is unknown, period_end is null and p_won_period is of the end. The desk's: "
        "group, action, channel, due_at, "
        "overdue, hours, warnings, decision, decision_why, factors, risks, state, class, "
        "effective, expected_effect, expected_value, expected_profit, stagnant, proposal, "
        "assigned, propensity"
    )
    told: dict[str, Any] = Field(
        description="once for all items: capacity (hours used of hours available by seller "
        "within reach), assumption, experiments, and to keys that see all, not_listed (how many "
        "by reason)"
    )


class NotListed(BaseModel):
    """The open deals that a list leaves out, or a page of them."""

    items: list[dict[str, Any]] = Field(
        description="deal_id, why (held_out, snoozed, dismissed, done, cooling, swapped, nothing, "
        "account, places, hours), figure (its number), zh, en, and what the list would show"
    )


class NewAction(BaseModel):
    """What somebody did to an item."""

    model_config = ConfigDict(extra="forbid")

    action: actions.Act
    until: str | None = Field(None, max_length=40, description="ISO 8601; with snoozed alone")
    reason: str | None = Field(
        None, max_length=actions.MOST_REASON, description="why; with dismissed it must be said"
    )


class ListAction(BaseModel):
    """One act on an item."""

    action_id: str
    pipeline: str
    week: str
    deal_id: str
    action: actions.Act
    until: str | None
    reason: str | None
    who: str = Field(description="the key or user that did it, such as key:0123456789ab")
    at: str

    @classmethod
    def of(cls, made: actions.Action) -> "ListAction":
        """Tell an act with its moments as ISO 8601."""
        until = None if made.until is None else iso(made.until)
        return cls(**(asdict(made) | {"at": iso(made.at), "until": until}))


class ListActions(BaseModel):
    """All acts on a list's items, the earliest first."""

    actions: list[ListAction]


_Week = Annotated[str, Path(max_length=20, description="the ISO date of a Monday, or latest")]
_Deal = Annotated[str, Path(max_length=200, description="an item of the list")]
_Of = Annotated[PipelineName, Query(description="whose list")]


@router.get(
    "/lists/{week}",
    responses=responses(401, 403, 404, 422, 503),
)
def weekly_list(
    week: _Week,
    service: TheService,
    access: Read,
    pipeline: _Of,
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


@router.get(
    "/lists/{week}/others",
    responses=responses(401, 403, 404, 422, 503),
)
def not_listed(
    week: _Week,
    service: TheService,
    access: Read,
    pipeline: _Of,
    after: Annotated[str, Query(max_length=200, description="last deal_id already read")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000, description="deals a page")] = 200,
) -> NotListed:
    """Read which open deals the list leaves out, and why, by deal_id."""
    left_out = lists.others(service.engine, pipeline, week, (access.reach,), after, limit)
    return NotListed(items=left_out)


@router.get(
    "/lists/{week}/actions",
    responses=responses(401, 403, 404, 422, 503),
)
def list_actions(week: _Week, service: TheService, access: Read, pipeline: _Of) -> ListActions:
    """Read what was done to the list's items, the earliest first."""
    made = actions.of_list(service.engine, pipeline, week, access.reach)
    return ListActions(actions=[ListAction.of(one) for one in made])


@router.post(
    "/lists/{week}/items/{deal_id:path}/actions",
    status_code=201,
    responses=responses(401, 403, 404, 422, 503),
)
def act(
    week: _Week,
    deal_id: _Deal,
    body: NewAction,
    service: TheService,
    access: Write,
    pipeline: _Of,
    idempotency_key: IdempotencyKey = None,
) -> ListAction:
    """Note that an item is done, snoozed until, dismissed for a reason, or open again.

    Nothing is written over: each act is kept with who and when, and the last one holds. The next
    list respects it.
    """
    until = None if body.until is None else parse_moment(body.until, "until")
    now = service.clock()
    once = Once.of(access, idempotency_key, body, pipeline, week, deal_id)
    with pushing(service.engine) as transaction:
        if (before := once.before(transaction, now)) is not None:
            return ListAction.model_validate_json(before)
        made = actions.act(
            transaction,
            pipeline,
            week,
            deal_id,
            body.action,
            access.actor,
            now,
            access.reach,
            until,
            body.reason,
        )
        answer = ListAction.of(made)
        once.keep(transaction, answer, now)
    return answer
