"""`GET /v1/pipelines/{pipeline}/…`: forecast, funnel, attainment, sources, reviews.

All are read off the pipeline's desk, which `dealcast week` or `dealcast desk` has made. The
caller's reach goes first, the filters of the query next.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from data.errors import BadInput
from data.moments import iso, parse_moment
from serving.api.problems import responses
from serving.api.records import PipelineName
from serving.api.service import Read, TheService
from serving.desk import answers
from serving.desk.flow import YEAR, flow
from serving.desk.outlook import outlook
from serving.desk.reached import reached
from serving.desk.view import View
from serving.insights.funnel import Span
from serving.insights.period import Kind
from serving.insights.scope import Scope

router = APIRouter(tags=["desk"], prefix="/pipelines/{pipeline}")

Words = Annotated[list[str] | None, Query(max_length=50, description="repeat it for several")]
Date = Annotated[str | None, Query(max_length=40, description="ISO 8601")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="deals that are named at most")]
Row = dict[str, Any]


def _view(
    service: TheService,
    access: Read,
    pipeline: Annotated[PipelineName, Path(description="whose desk")],
    owner: Words = None,
    team: Words = None,
    region: Words = None,
    source: Words = None,
    product: Words = None,
    currency: Annotated[
        str | None, Query(pattern="^[A-Z]{3}$", description="of all amounts; the pipeline's own")
    ] = None,
) -> View:
    sides = (owner, team, region, source, product)
    asked = Scope(*(None if one is None else tuple(one) for one in sides))
    return service.warmer.desks.view(pipeline, access.reach, asked, currency)


TheView = Annotated[View, Depends(_view)]


def _span(view: TheView, since: Date = None, until: Date = None) -> Span:
    """Return the span asked for: by default the year up to the desk's moment."""
    end = view.as_of if until is None else parse_moment(until, "until")
    start = end - YEAR if since is None else parse_moment(since, "since")
    if not start < end:
        raise BadInput(
            "a period that ends before it begins",
            field="since",
            value=iso(start),
            allowed=f"before {iso(end)}",
        )
    return Span(start, end)


TheSpan = Annotated[Span, Depends(_span)]


class Head(BaseModel):
    """What an answer speaks of."""

    pipeline: str
    as_of: str = Field(description="the desk's moment: what was known then")
    bundle: str
    served_by: str = Field(description="model or baseline")
    currency: str | None = Field(description="of all amounts; null where deals name none")
    scope: dict[str, list[str]] = Field(description="what it is narrowed to, by rights and filters")
    without_rate: list[dict[str, str]] = Field(
        description="amounts in currencies without an exchange rate, which are in no sum: zh, en"
    )


class PeriodTold(BaseModel):
    """A period of the calendar, in UTC."""

    name: str
    kind: str
    starts_at: str
    ends_at: str = Field(description="the next one's first moment")


class ForecastTold(Head):
    """What will be booked."""

    period: PeriodTold
    told: dict[str, str] = Field(description="the forecast in a sentence: zh, en")
    bookings: dict[str, float] = Field(
        description="won so far; expected (mean), low (10 %), median, high (90 %) of the whole "
        "period; from_open and from_new: what of the mean comes of open deals and of deals not "
        "known yet"
    )
    target: Row | None = Field(description="value, and basis: own, parts or pro_rata")
    chance_of_target: float | None
    shock: float = Field(description="standard deviation of the factor that all deals share")
    shock_from: str = Field(description="backtests of these forecasts, or stages")
    booked: list[Row] = Field(description="by, won: booked by the end of each week so far")
    fan: list[Row] = Field(description="by, expected, low, median, high: weeks to come")
    baselines: dict[str, float | None] = Field(
        description="stage_weighted, commit, handbook_amount, handbook_deals, new_customers"
    )
    walk: Row | None = Field(
        description="since, before, now, steps (step, zh, en, deals, change) and deals; null "
        "without an earlier desk of this quarter"
    )
    past: list[Row] = Field(description="past forecasts against what came")


class FunnelTold(Head):
    """Stages, and where they stick."""

    since: str
    until: str
    stages: list[Row] = Field(
        description="stage, deals and amount now; reached, moved, lost, waiting: the cohort of the "
        "period; moved_so_far, conversion (expected in the end), days_median, days_p90, days_mean; "
        "…_before: the period before; …_goal"
    )
    open_deals: int
    won: int
    mean_won: float | None
    win_rate: float | None
    cycle_days: float | None
    velocity_a_day: float | None
    bottleneck: Row | None = Field(
        description="stage, kind (conversion, time), value, against, by, shortfall, told (zh, en), "
        "deals"
    )
    period: PeriodTold
    target: Row | None
    won_of_target: float
    needs: list[Row] = Field(
        description="by stage: must_reach, reach, must_hold, hold, capacity_gap, velocity_gap, "
        "…_amount, action (zh, en); empty without a target"
    )
    stagnant: list[Row]


class AttainmentTold(Head):
    """Targets, actuals, growth, quotas, customers, best and worst."""

    period: PeriodTold
    told: dict[str, str] = Field(description="how far it has come in a sentence: zh, en")
    target: float | None
    basis: str | None = Field(description="own, parts or pro_rata")
    actual: float
    rate: float | None
    before: float
    over_before: float | None = Field(description="环比, a share")
    year_ago: float
    over_year: float | None = Field(description="同比, a share")
    groups: list[Row] | None
    quotas: list[Row] = Field(description="owner_id, owner, role, quota, zh, en, asked, done, rate")
    customers: list[Row] = Field(
        description="customer, role, kind, estimate, required, expected, quarter_mean, "
        "previous_mean, growth, over, met"
    )
    best: dict[str, list[Row]] = Field(description="by account, product, source: ten of each")
    worst: dict[str, list[Row]]


class SourcesTold(Head):
    """Source quality, a seller's own development, accounts that may open a deal next."""

    since: str
    until: str
    sources: list[Row]
    development: list[Row] | None = Field(description="by quarter, where one seller is asked for")
    potential: list[Row] = Field(description="accounts without an open deal, p_opens in 91 days")


class ReviewsTold(Head):
    """Closed deals against what was said of them."""

    since: str
    until: str
    told: dict[str, str] = Field(description="what came and what was said, in a sentence: zh, en")
    closed: int
    deals: list[Row] = Field(description="surprises first, see surprise (bits), p_first, p_last")
    points: list[Row] = Field(description="deal_id, as_of, p_won: all that was said of them")
    reasons: list[Row] = Field(description="outcome, reason, deals, value")
    by_source: list[Row] = Field(description="group, deals, said, won, surprise")
    by_team: list[Row]


_ERRORS = responses(401, 403, 404, 422, 503)


@router.get("/forecast", responses=_ERRORS)
def forecast(
    view: TheView,
    period: Annotated[
        Literal["week", "month", "quarter"], Query(description="the one that runs now")
    ] = "quarter",
    limit: Limit = 200,
) -> ForecastTold:
    """Tell what the running period will book: a range, a fan by week, baselines, the walk."""
    return ForecastTold(**answers.forecast(view, outlook(view, period), limit))


@router.get("/funnel", responses=_ERRORS)
def funnel(
    view: TheView,
    span: TheSpan,
    period: Annotated[Kind, Query(description="whose target it is set against")] = "quarter",
    limit: Limit = 200,
) -> FunnelTold:
    """Tell the funnel of the deals that reached their stages from since to until."""
    return FunnelTold(**answers.funnel(view, flow(view, span, period), limit))


@router.get("/attainment", responses=_ERRORS)
def attainment(
    view: TheView,
    period: Annotated[Kind, Query(description="how long")] = "quarter",
    at: Annotated[str | None, Query(max_length=40, description="a moment in it; now")] = None,
    by: Annotated[
        Literal["owner", "team", "region"] | None, Query(description="a row for each")
    ] = None,
    metric: Annotated[
        str, Query(max_length=50, description="won_amount, won_deals, or an activity's kind")
    ] = "won_amount",
    limit: Limit = 200,
) -> AttainmentTold:
    """Tell targets against actuals of a period."""
    moment = None if at is None else parse_moment(at, "at")
    side: Any = "owner_id" if by == "owner" else by
    return AttainmentTold(
        **answers.attainment(view, reached(view, period, side, metric, moment), limit)
    )


@router.get("/sources", responses=_ERRORS)
def sources(view: TheView, span: TheSpan, limit: Limit = 200) -> SourcesTold:
    """Tell the quality of the sources of deals created from since to until."""
    return SourcesTold(**answers.sources(view, span, limit))


@router.get("/reviews", responses=_ERRORS)
def reviews(view: TheView, span: TheSpan, limit: Limit = 200) -> ReviewsTold:
    """Review the deals that closed from since to until against what was said of them."""
    return ReviewsTold(**answers.reviews(view, span, limit))
