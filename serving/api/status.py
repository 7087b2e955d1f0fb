"""Is the process alive, is it ready, and what does it serve?"""

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from data.errors import DealcastError, NotReady
from data.moments import iso
from serving.api.problems import responses
from serving.api.service import Service, TheService, requires

router = APIRouter(tags=["status"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class Serving(BaseModel):
    """A sentence for people."""

    zh: str
    en: str


class ServedPipeline(BaseModel):
    """A pipeline and the bundle that serves it."""

    pipeline: str
    bundle: str
    bundle_as_of: str = Field(description="the bundle knows nothing later")
    served_by: str = Field(description="model, or baseline where the model has no skill over it")
    serving: Serving = Field(description="what serves and, where it is the baseline, why")
    timing: str = Field(description="dated, or unknown where the pipeline's records have no dates")
    horizons_days: list[int] = Field(description="empty where timing is unknown")
    stages: list[str]


@router.get("/health")
def health() -> Alive:
    """Say that the process lives; needs no key and asks nothing of the database."""
    return Alive()


@router.get("/ready", responses=responses(503))
def ready(service: TheService) -> Alive:
    """Say whether scores and lists can be served; if not, what is missing."""
    missing = [*_database_missing(service), *_bundles_missing(service)]
    if missing:
        raise NotReady("not ready", field="missing", value="; ".join(missing))
    return Alive()


@router.get(
    "/v1/pipelines",
    dependencies=[Depends(requires("read"))],
    responses=responses(401, 403, 503),
)
def pipelines(service: TheService) -> list[ServedPipeline]:
    """Name the pipelines that have a champion, each with the bundle that serves it now."""
    return [_served(service, name) for name in service.champions.pipelines()]


def _served(service: Service, name: str) -> ServedPipeline:
    bundle = service.champions.scorer(name).bundle
    return ServedPipeline(
        pipeline=name,
        bundle=bundle.name,
        bundle_as_of=iso(bundle.as_of),
        served_by=bundle.serves,
        serving=Serving(**bundle.serving),
        timing=bundle.timing,
        horizons_days=list(bundle.horizons_days),
        stages=list(bundle.context.stages),
    )


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
