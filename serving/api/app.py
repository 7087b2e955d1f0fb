"""The application: its resources live from start to stop, and nothing is global."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from data.database import open_database
from data.moments import now
from data.settings import Settings
from features.custom import load
from serving.access import pages
from serving.access.counts import Calls
from serving.api import desk, lists, problems, score, status
from serving.api.limits import BodyLimit
from serving.api.service import Clock, Service
from serving.champions import Champions
from serving.desk.desks import Desks


def create_app(settings: Settings, clock: Clock = now) -> FastAPI:
    """Make the HTTP interface of one workspace.

    Args:
        settings: where its state is, and how large a body may be.
        clock: tells this moment, for scores that name none and for the end of keys.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        engine = open_database(settings)
        try:
            champions = Champions(settings.bundles, custom=load(settings.features))
            calls = Calls(engine, settings.calls_per_minute)
            desks = Desks(settings.desks)
            yield {"service": Service(settings, engine, champions, clock, calls, desks)}
        finally:
            engine.dispose()

    app = FastAPI(
        title="Dealcast",
        summary="Which deals will be won, when, and what to do first this week.",
        version=version("dealcast"),
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimit, most=settings.max_body_bytes)
    problems.install(app)
    pages.install(app)
    app.include_router(status.router)
    for router in (score.router, lists.router, desk.router):
        app.include_router(router, prefix="/v1")
    return app
