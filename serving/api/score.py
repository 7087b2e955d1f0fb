"""`POST /v1/score`: whole records in, curves and reasons out; nothing is stored."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from data.errors import BadInput
from data.moments import iso, iso_date
from models.curve import Curves
from models.reasons import Explanation
from serving.api.problems import responses
from serving.api.records import MOST_RECORDS, Moment, PipelineName, Record, tables
from serving.api.service import TheService, requires
from serving.scorer import Scorer, Scores

router = APIRouter(tags=["score"])

EXAMPLE: Final[dict[str, Any]] = {
    "pipeline": "loans",
    "as_of": "2012-02-01T00:00:00Z",
    "days_ahead": [7, 28],
    "reasons": True,
    "records": [
        {
            "deal": {"deal_id": "L-17", "created_at": "2012-01-20T09:12:00+01:00"},
            "changes": [
                {"field": "stage", "at": "2012-01-20T08:12:00Z", "value": "A_SUBMITTED"},
                {"field": "stage", "at": "2012-01-23T10:00:00Z", "value": "A_ACCEPTED"},
                {"field": "amount", "at": "2012-01-20T08:12:00Z", "value": "12000"},
            ],
            "activities": [
                {"kind": "call", "at": "2012-01-24T13:30:00Z", "status": "done", "minutes": 12}
            ],
        }
    ],
}


class ScoreRequest(BaseModel):
    """One or many whole records of one pipeline, and what is asked of them."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [EXAMPLE]}
    )

    pipeline: PipelineName
    as_of: Moment | None = Field(None, description="the moment to score at; now when left out")
    days_ahead: list[Annotated[int, Field(ge=1, le=3_660)]] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="days ahead to read the curves at; the pipeline's horizons when left out",
    )
    reasons: bool = Field(False, description="say why as well")
    allow_later_bundle: bool = Field(
        False, description="score a past moment with a bundle that has seen what came after"
    )
    records: list[Record] = Field(min_length=1, max_length=MOST_RECORDS)


class Chance(BaseModel):
    """What will have become of the deal by then; it is still open with what is left to 1.

    Null where timing is unknown: the pipeline's records have no dates.
    """

    days_ahead: int
    p_won: float | None
    p_lost: float | None


class End(BaseModel):
    """What will have become of the deal in the end, whenever that is."""

    p_won: float
    p_lost: float


class Close(BaseModel):
    """When the deal closes, given that it is won: median and 80 % range, UTC dates."""

    median: str
    earliest: str = Field(alias="from")
    latest: str = Field(alias="to")


class Why(BaseModel):
    """One reason: what speaks for the deal (effect above 0, in log-odds) or against it."""

    feature: str
    topic: str
    group: str
    effect: float
    zh: str
    en: str


class DealScore(BaseModel):
    """The score of one deal; it says by itself who scored what, as of when."""

    deal_id: str
    as_of: str
    pipeline: str
    bundle: str = Field(description="the name of the bundle that scored it")
    served_by: str = Field(description="model, or baseline where the model has no skill over it")
    stage: str | None
    timing: str = Field(description="dated, or unknown where the pipeline's records have no dates")
    chances: list[Chance]
    eventually: End
    expected_close: Close | None = Field(
        description="null where there is no chance to win, or timing is unknown"
    )
    parts: dict[str, float] | None = Field(
        description="what fit, engagement, process and people add to the log-odds of won against "
        "lost; null when reasons were not asked for, empty from a baseline"
    )
    reasons: list[Why] | None = Field(description="strongest first; null when not asked for")


class ScoreAnswer(BaseModel):
    """A score for every record, in the order of the request."""

    scores: list[DealScore]


@router.post(
    "/score",
    dependencies=[Depends(requires("score"))],
    responses=responses(401, 403, 404, 413, 422, 503),
)
def score(request: ScoreRequest, service: TheService) -> ScoreAnswer:
    """Score whole records: all that is known of each deal comes with the request.

    A record whose deal is not open at as_of (not known yet, or closed already) is an error,
    and so is a day beyond the last one that the bundle's curves reach.
    """
    scorer = service.champions.scorer(request.pipeline)
    as_of = service.clock() if request.as_of is None else request.as_of
    scores = scorer.score(
        tables(request.records, scorer.bundle.pipeline, scorer.bundle.context.owners),
        as_of,
        reasons=request.reasons,
        allow_later_bundle=request.allow_later_bundle,
    )
    _check_open(request.records, scores)
    _check_reach(request.days_ahead or (), scores.curves)
    told = _tell(scorer, scores, request.days_ahead or scores.horizons_days)
    return ScoreAnswer(scores=[told[record.deal["deal_id"]] for record in request.records])


def _check_open(records: Sequence[Record], scores: Scores) -> None:
    scored = set(scores.rows["deal_id"])
    for number, record in enumerate(records):
        if record.deal["deal_id"] not in scored:
            raise BadInput(
                f"the deal is not open at {iso(scores.as_of)}",
                field=f"records.{number}.deal",
                value=record.deal["deal_id"],
                allowed="a deal created and recorded by then, and not closed by then",
                remedy="leave it out, or ask as of another moment",
            )


def _check_reach(days: Sequence[int], curves: Curves) -> None:
    if not curves.dated:
        return
    last = int(curves.edges[-1])
    for number, day in enumerate(days):
        if day > last:
            raise BadInput(
                "beyond what the bundle's curves reach",
                field=f"days_ahead.{number}",
                value=day,
                allowed=f"1 to {last}",
            )


def _tell(scorer: Scorer, scores: Scores, days: Sequence[int]) -> dict[str, DealScore]:
    """Say the scores in the words of the interface, by deal_id."""
    bundle = scorer.bundle
    chances: dict[str, list[Chance]] = {}
    for row in scores.at(days).drop("as_of").iter_rows(named=True) if days else ():
        deal_id = row.pop("deal_id")
        chances.setdefault(deal_id, []).append(Chance(**row))
    whys: Sequence[Explanation | None] = scores.why or [None] * len(scores.rows)
    rows = zip(
        scores.rows["stage"],
        scores.closing().iter_rows(named=True),
        scores.eventually().drop("deal_id").iter_rows(named=True),
        whys,
        strict=True,
    )
    return {
        closing["deal_id"]: DealScore(
            deal_id=closing["deal_id"],
            as_of=iso(scores.as_of),
            pipeline=bundle.pipeline.name,
            bundle=bundle.name,
            served_by=bundle.serves,
            stage=stage,
            timing=bundle.timing,
            chances=chances.get(closing["deal_id"], []),
            eventually=End(**end),
            expected_close=_close(closing),
            parts=why and why.parts,
            reasons=why and [Why(**vars(reason)) for reason in why.reasons],
        )
        for stage, closing, end, why in rows
    }


def _close(closing: dict[str, Any]) -> Close | None:
    if closing["close_median"] is None:
        return None
    names = {"median": "close_median", "from": "close_from", "to": "close_to"}
    return Close(**{name: iso_date(closing[column]) for name, column in names.items()})
