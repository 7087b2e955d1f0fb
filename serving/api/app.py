"""The application: its resources live from start to stop, and nothing is global."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from data.database import open_database
from data.moments import now
from data.settings import Settings
from features.custom import load
from serving import telemetry
from serving.access import pages
from serving.access.counts import Calls
from serving.api import (
    deals,
    erasure,
    facts,
    ledger,
    lists,
    metrics,
    problems,
    score,
    status,
    stream,
    webhooks,
)
from serving.api.limits import BodyLimit
from serving.api.observed import Observed
from serving.api.scoring import answer
from serving.api.service import Service
from serving.champions import Champions
from serving.clock import Clock
from serving.gathering import Gathering
from serving.live import Live


class Application(FastAPI):
    """FastAPI with every request observed, those that it faults at included."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return what a request passes through."""
        return Observed(super().build_middleware_stack())


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
            scores = Gathering(partial(answer, champions), lambda question: question.weight)
            with Live.of(settings, engine, champions, clock) as live:
                service = Service(settings, engine, champions, clock, calls, live, scores)
                yield {"service": service}
                await scores.close()
        finally:
            telemetry.ended()
            engine.dispose()

    app = Application(
        title="Dealcast",
        summary="Which deals will be won, when, and what to do first this week.",
        version=version("dealcast"),
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimit, most=settings.max_body_bytes, unbounded=("/v1/score/stream",))
    problems.install(app)
    pages.install(app)
    app.include_router(status.router)
    app.include_router(metrics.router)
    for group in (score, stream, deals, facts, lists, ledger, webhooks, erasure):
        app.include_router(group.router, prefix="/v1")
    return app
