"""Scores of deals by id: the standing one where it is fresh, or a new one from the live tables."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Header, Path
from msgspec.json import encode
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from data.database import contract_tables
from data.errors import NotFound
from data.live import MOST_DEALS, read_deals
from data.moments import HOUR
from data.tables import load_pipeline
from serving import ledger, standings
from serving.access.reach import Reach
from serving.api.deal_score import DealScore, tell
from serving.api.forms import TREND_DAYS, DaysAhead, check_ahead
from serving.api.problems import responses
from serving.api.records import Day, Moment, Name, PipelineName
from serving.api.service import Access, Score, Service, TheService
from serving.api.standing_score import written
from serving.scorer import Scorer
from serving.standings import Standing

router = APIRouter(tags=["score"])

ThePipeline = Annotated[PipelineName, Path(description="whose deals")]
TheDeal = Annotated[Name, Path(description="the deal")]
_UNKNOWN: Final = "not known"


class DealsRequest(BaseModel):
    """Deals of the live tables, and what is asked of them."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"deal_ids": ["L-17"], "days_ahead": [7, 28]}]},
    )

    deal_ids: list[Name] = Field(min_length=1, max_length=MOST_DEALS)
    as_of: Moment | None = Field(
        None, description="the moment to score at; the standing score, or now, when left out"
    )
    days_ahead: DaysAhead | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="days ahead to read the curves at; the pipeline's horizons when left out",
    )
    won_by: list[Day] = Field(
        default_factory=list, max_length=100, description="dates (UTC) to read the curves at"
    )
    reasons: bool = Field(False, description="say why as well; scores anew")
    trend: bool = Field(False, description="say how the score moved in a week; scores anew")
    allow_later_bundle: bool = Field(
        False, description="score a past moment with a bundle that has seen what came after"
    )

    @property
    def anew(self) -> bool:
        """Whether a standing score cannot answer it."""
        return self.as_of is not None or self.reasons or self.trend


class NotOpen(BaseModel):
    """A deal without a score."""

    deal_id: str
    why: str = Field(description="won, lost, or not known by then")


class DealsAnswer(BaseModel):
    """The scores in the order of the request, each deal once."""

    scores: list[DealScore]
    not_open: list[NotOpen]


@router.post(
    "/pipelines/{pipeline}/deals/score",
    response_model=DealsAnswer,
    responses=responses(401, 403, 404, 413, 422, 503),
)
async def score_deals(
    pipeline: ThePipeline, request: DealsRequest, service: TheService, access: Score
) -> Response:
    """Score deals by id, from what was pushed and ingested.

    What stands is told while no newer fact is known of the deal, the same bundle serves, and it
    is not older than `DEALCAST_SCORE_HOURS`; its `as_of` says of when it is. Else it is scored.
    """
    said = await _said(pipeline, request, service, access)
    ids = dict.fromkeys(request.deal_ids)
    missing = [one for one in ids if one not in said]
    why: list[NotOpen] = []
    if missing:
        why = await run_in_threadpool(_why, service.engine, pipeline, missing, access.reach)
    scores = ",".join(said[one] for one in ids if one in said)
    without = ",".join(one.model_dump_json() for one in why)
    answer = f'{{"scores":[{scores}],"not_open":[{without}]}}'
    return Response(answer, media_type="application/json")


@router.get(
    "/pipelines/{pipeline}/deals/{deal_id:path}/score",
    response_model=DealScore,
    responses=responses(401, 403, 404, 422, 503)
    | {304: {"description": "It is still what the tag says."}},
)
async def score_deal(
    pipeline: ThePipeline,
    deal_id: TheDeal,
    service: TheService,
    access: Score,
    if_none_match: Annotated[str | None, Header(max_length=2_000)] = None,
) -> Response:
    """Read the score of one deal; with `If-None-Match` only where it is another."""
    request = DealsRequest(deal_ids=[deal_id])
    told = (await _said(pipeline, request, service, access)).get(deal_id)
    if told is None:
        (why,) = await run_in_threadpool(_why, service.engine, pipeline, [deal_id], access.reach)
        raise NotFound(
            f"no open deal: it is {why.why}",
            field="deal_id",
            value=deal_id,
            allowed="a deal that is open",
        )
    tag = f'"{sha256(told.encode()).hexdigest()[:32]}"'
    if if_none_match and {tag, "*"} & set(map(_compared, if_none_match.split(","))):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(told, media_type="application/json", headers={"ETag": tag})


def _compared(tag: str) -> str:
    """Return a tag as it is compared (weakly, RFC 9110): a proxy that packs answers marks it."""
    return tag.strip().removeprefix("W/")


async def _said(
    pipeline: str, request: DealsRequest, service: Service, access: Access
) -> dict[str, str]:
    """Return the scores of the deals that are open and within reach as JSON, and enter them."""
    champions = service.champions
    scorer = champions.at_hand(pipeline)
    if scorer is None:
        scorer = await run_in_threadpool(champions.scorer, pipeline)
    now = service.live.clock()
    check_ahead(request.won_by, now if request.as_of is None else request.as_of)
    said: dict[str, str] = {}
    told = access.told(now, "by-id")
    if not request.anew:
        found = await service.standings.ask((pipeline, request.deal_ids))
        rows = _fresh(found, service.settings.score_hours, scorer, now)
        rows = [one for one in rows if access.reach.covers(one["owner_id"], one["team"])]
        days, dates = request.days_ahead, request.won_by
        said = {one["deal_id"]: written(one, days, dates) for one in rows}
        service.live.ledger.add(told.rows(rows))
    rest = [one for one in dict.fromkeys(request.deal_ids) if one not in said]
    if rest:
        said |= await run_in_threadpool(
            _scored, pipeline, rest, request, service, access, scorer, now
        )
    return said


def _fresh(found: list[Standing], hours: float, scorer: Scorer, now: int) -> list[Standing]:
    """Return the standing rows that may still be told."""
    oldest = now - hours * HOUR
    return [
        one
        for one in found
        if not one["touched"]
        and one["bundle"] == scorer.bundle.name
        and oldest <= one["as_of"] <= now
    ]


def _scored(
    pipeline: str,
    deal_ids: list[str],
    request: DealsRequest,
    service: Service,
    access: Access,
    scorer: Scorer,
    now: int,
) -> dict[str, str]:
    """Score deals anew, from the live tables; as JSON."""
    as_of = now if request.as_of is None else request.as_of
    settings = load_pipeline(service.engine, pipeline)
    with service.engine.connect() as connection:
        tables = read_deals(connection, settings, deal_ids)
    scores = scorer.score(
        tables,
        as_of,
        reasons=request.reasons,
        trend_days=TREND_DAYS if request.trend else None,
        allow_later_bundle=request.allow_later_bundle,
    )
    rows = access.reach.filter(standings.rows(scorer, scores, tables, now))
    days = request.days_ahead or scores.horizons_days
    told = tell(scorer, scores, days, request.won_by)
    said = {one: encode(told[one]).decode() for one in rows["deal_id"]}
    entries = [one for one in ledger.entries(scorer, scores) if one["deal_id"] in said]
    service.live.ledger.add(access.told(now, "by-id").rows(entries))
    return said


def _why(engine: sa.Engine, pipeline: str, deal_ids: Sequence[str], reach: Reach) -> list[NotOpen]:
    """Say why deals have no score; of what is out of reach nothing is known."""
    deals = contract_tables["deals"].c
    query = sa.select(deals.deal_id, deals.outcome).where(
        deals.pipeline == pipeline, deals.deal_id.in_(deal_ids)
    )
    known: dict[str, str] = {}
    if reach.whole:
        with engine.connect() as connection:
            known = {row.deal_id: row.outcome for row in connection.execute(query)}
    return [
        NotOpen(deal_id=one, why=known[one] if known.get(one, "open") != "open" else _UNKNOWN)
        for one in deal_ids
    ]
