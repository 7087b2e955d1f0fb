"""The application: its resources live from start to stop, and nothing is global."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, nullcontext
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from data.database import open_database
from data.live import MOST_DEALS
from data.lookup import Commits, Remembered
from data.moments import now
from data.settings import Settings
from features.custom import load
from serving import security, standings, telemetry
from serving.access import pages, routes
from serving.access.counts import Calls
from serving.api import (
    audit,
    deals,
    desk,
    erasure,
    facts,
    ledger,
    lists,
    metrics,
    models,
    problems,
    reference,
    score,
    status,
    stream,
    webhooks,
)
from serving.api.express import Express
from serving.api.headers import Heads, SecureHeaders
from serving.api.limits import BodyLimit, Deadline
from serving.api.observed import Observed
from serving.api.query import known_words
from serving.api.scoring import answer
from serving.api.service import Service
from serving.champions import Champions
from serving.clock import Clock
from serving.desk.desks import Desks
from serving.desk.warm import Warmer
from serving.gathering import Gathering
from serving.live import Live
from serving.web import site


class Application(FastAPI):
    """FastAPI with four things around everything, its own handler of faults included.

    Every request is observed and answered in time, every answer has secure headers, and two calls
    go by an express lane.
    """

    def __init__(self, settings: Settings, **given: Any) -> None:
        """Take settings of a workspace, and FastAPI's own; metrics are `serving.telemetry`'s."""
        super().__init__(**given, telemetry={"tracing": False, "metrics": False, "logs": False})
        self._settings = settings

    def build_middleware_stack(self) -> ASGIApp:
        """Return what a request passes through."""
        own = self._settings
        lane = Express(super().build_middleware_stack(), own.max_body_bytes)
        return Observed(SecureHeaders(Deadline(lane, own.request_seconds), own.https))


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
            custom = load(settings.features)
            champions = Champions(settings.bundles, settings.threads, custom, settings.workers)
            await run_in_threadpool(champions.load)
            calls = Calls(engine, settings.calls_per_minute)
            scores = Gathering(partial(answer, champions), lambda question: question.weight)
            # a read of SQLite waits for no writer; one of PostgreSQL waits for the network
            near = engine.dialect.name == "sqlite"
            of_keys: Remembered[str, security.ApiKey] = Remembered(security.fingerprint)
            of_deals: Remembered[standings.Asked, list[standings.Standing]]
            of_deals = Remembered(standings.name_of_one)
            keys = Gathering(
                partial(_holders, engine, clock),
                lambda _: 1,
                threaded=not near,
                remembered=of_keys if near else None,
            )
            found = Gathering(
                partial(standings.find_each, engine),
                lambda asked: len(asked[1]),
                most=MOST_DEALS,
                threaded=not near,
                remembered=of_deals if near else None,
            )
            commits = Commits(engine, [of_keys, of_deals]) if near else None
            live = Live.of(settings, engine, champions, clock)
            watch = nullcontext() if commits is None else closing(commits)
            with live, watch, Warmer(Desks(settings.desks)) as warmer:
                service = Service(
                    settings,
                    engine,
                    champions,
                    clock,
                    calls,
                    live,
                    scores,
                    keys,
                    found,
                    commits,
                    warmer,
                )
                yield {"service": service}
                for gathering in (keys, found, scores):
                    await gathering.close()
        finally:
            telemetry.ended()
            engine.dispose()

    app = Application(
        settings,
        title="Dealcast",
        summary="Which deals will be won, when, and what to do first this week.",
        version=version("dealcast"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(BodyLimit, most=settings.max_body_bytes, unbounded=("/v1/score/stream",))
    app.add_middleware(Heads)
    problems.install(app)
    pages.install(app)
    app.include_router(status.router)
    app.include_router(metrics.router)
    app.include_router(reference.router)
    app.include_router(routes.router, include_in_schema=False)
    groups = (models, score, stream, deals, facts, lists, desk, ledger, webhooks, erasure, audit)
    for group in groups:
        app.include_router(group.router, prefix="/v1", dependencies=[Depends(known_words)])
    site.install(app)
    return app


def _holders(
    engine: Engine, clock: Clock, presented: Sequence[str]
) -> list[security.ApiKey | security.Unauthenticated]:
    """Return whose keys were presented, or what is wrong with each."""
    return security.authenticate_each(engine, presented, clock())
