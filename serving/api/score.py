"""`POST /v1/score`: whole records in, curves and reasons out; nothing is stored."""

from fastapi import APIRouter
from starlette.responses import Response

from serving.api.forms import ScoreAnswer, ScoreRequest
from serving.api.problems import responses
from serving.api.scoring import Question
from serving.api.service import Score, TheService

router = APIRouter(tags=["score"])


@router.post(
    "/score",
    response_model=ScoreAnswer,
    responses=responses(401, 403, 404, 413, 422, 503),
)
async def score(request: ScoreRequest, service: TheService, access: Score) -> Response:
    """Score whole records: all that is known of each deal comes with the request.

    A record whose deal is not open at as_of (not known yet, or closed already) is an error.
    """
    as_of = service.clock() if request.as_of is None else request.as_of
    answered = await service.scores.ask(Question(request, as_of))
    service.live.ledger.add(access.told(service.clock(), "request").rows(answered.said))
    return Response(answered.content, media_type="application/json")
