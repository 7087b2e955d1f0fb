"""Is the process alive, and is it ready?"""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from data.errors import DealcastError, NotReady
from serving.api.problems import responses
from serving.api.service import Service, TheService

router = APIRouter(tags=["status"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


@router.get("/health")
async def health() -> Alive:
    """Say that the process lives; needs no key, and asks neither the database nor a thread."""
    return Alive()


@router.get("/ready", responses=responses(503))
def ready(service: TheService) -> Alive:
    """Say whether scores and lists can be served; if not, what is missing."""
    missing = [*_database_missing(service), *_bundles_missing(service)]
    if not service.warmer.is_ready:
        missing.append("the desks of the pages are being prepared: ask again in a moment")
    if missing:
        raise NotReady("not ready", field="missing", value="; ".join(missing))
    return Alive()


def _database_missing(service: Service) -> list[str]:
    try:
        with service.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return ["the database does not answer"]
    return []


def _bundles_missing(service: Service) -> list[str]:
    names = service.champions.pipelines()
    missing = [] if names else ["no pipeline has a champion: dealcast train"]
    for name in names:
        try:
            service.champions.scorer(name)
        except DealcastError as error:
            missing.append(str(error))
    return missing
