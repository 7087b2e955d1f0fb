"""`POST /v1/score`: whole records in, curves and reasons out; nothing is stored."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from serving.api.forms import ScoreAnswer, ScoreRequest
from serving.api.problems import responses
from serving.api.scoring import Question
from serving.api.service import TheService, requires

router = APIRouter(tags=["score"])


@router.post(
    "/score",
    dependencies=[Depends(requires("score"))],
    response_model=ScoreAnswer,
    responses=responses(401, 403, 404, 413, 422, 503),
)
async def score(request: ScoreRequest, service: TheService) -> Response:
    """Score whole records: all that is known of each deal comes with the request.

    A record whose deal is not open at as_of (not known yet, or closed already) is an error.
    """
    as_of = service.clock() if request.as_of is None else request.as_of
    told = await service.scores.ask(Question(request, as_of))
    return Response(told, media_type="application/json")
