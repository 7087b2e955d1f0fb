"""`GET /metrics`: what the process counts and measures, as Prometheus reads it."""

from fastapi import APIRouter
from starlette.responses import Response

from serving import telemetry
from serving.api.problems import responses
from serving.api.service import Read, TheService

router = APIRouter(tags=["status"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={**responses(401, 403, 503), 200: {"content": {"text/plain": {}}}},
)
def metrics(service: TheService, access: Read) -> Response:
    """Tell all counters of all workers in Prometheus' text format."""
    telemetry.waiting.set(service.scores.depth)
    return Response(telemetry.exposition(), media_type="text/plain; version=0.0.4")
