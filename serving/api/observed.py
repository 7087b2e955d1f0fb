"""Every request observed: an id, a line in the log, a count and its time."""

import re
from dataclasses import dataclass
from random import Random
from secrets import token_bytes
from time import perf_counter
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving import telemetry

ID: Final = "X-Request-ID"
_RAW_ID: Final = ID.lower().encode()
_names: Final = Random(token_bytes(32))  # noqa: S311 - names, no secrets, without a system call each
_FORM: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
log = structlog.get_logger()


@dataclass(frozen=True)
class Observed:
    """Middleware around everything.

    A request keeps the id that it comes with in `X-Request-ID`, or gets one. The answer has it,
    problem documents and every line of the log too.

    Attributes:
        app: what it stands before.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request, and say what came of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = perf_counter(), 500
        name = _id(scope)
        scope.setdefault("state", {})["request_id"] = name

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = (_RAW_ID, name.encode())
                message = {**message, "headers": [*message.get("headers", ()), own]}
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=name)  # of this request's own task
        try:
            await self.app(scope, receive, named)
        finally:
            _told(scope, status, perf_counter() - begun)


def _id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == _RAW_ID and _FORM.fullmatch(given := value.decode("latin-1")):
            return str(given)
    return f"{_names.getrandbits(64):016x}"


def _told(scope: Scope, status: int, seconds: float) -> None:
    """Count and log by the route's form: what stands in its place may be a person's name."""
    route = route_of(scope)
    telemetry.answered(scope["method"], route, status, seconds)
    log.info(
        "request",
        method=scope["method"],
        route=route,
        status=status,
        milliseconds=round(1000 * seconds, 1),
    )


def route_of(scope: Scope) -> str:
    """Return the form of the path that a request was routed to; none where it was not."""
    form: str = getattr(scope.get("route"), "path_format", "none")
    version = "/v1"  # routers are mounted under it, and name their paths without
    mounted = scope["path"].startswith(f"{version}/") and not form.startswith(version)
    return f"{version}{form}" if mounted and form != "none" else form
