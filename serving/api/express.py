"""The express lane: the calls that a CRM makes all day, without a search for their route.

A router that tries every path, and dependencies solved anew for each call, cost more than to tell
what stands. Here a body is read straight into its form, and the endpoint is called as FastAPI
would call it. Whatever is not plain (a body that does not fit, no key, another kind of content)
goes the long way as it came, and is told there what is wrong.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api import deals, problems, score
from serving.api.plain import request_of
from serving.api.service import Service, admit


class Stop(NamedTuple):
    """An endpoint that the lane leads to.

    Attributes:
        path: whole; its groups are arguments.
        read: reads the body, or raises what pydantic says of it.
        endpoint: what is called with the groups, `request`, `service` and `access`.
        route: what it is counted under.
    """

    path: re.Pattern[str]
    read: Callable[[bytes], BaseModel]
    endpoint: Callable[..., Awaitable[Response]]
    route: BaseRoute


def _stop(
    path: str, read: Callable[[bytes], BaseModel], of: Any, endpoint: Callable[..., Any]
) -> Stop:
    route = next(one for one in of.router.routes if getattr(one, "endpoint", None) is endpoint)
    return Stop(re.compile(path), read, endpoint, route)


_STOPS: Final = (
    _stop(
        r"/v1/pipelines/(?P<pipeline>[A-Za-z0-9_-]{1,200})/deals/score",
        deals.DealsRequest.model_validate_json,
        deals,
        deals.score_deals,
    ),
    _stop(r"/v1/score", request_of, score, score.score),
)


@dataclass(frozen=True)
class Express:
    """What stands before all that a request may need, and these do not.

    Attributes:
        app: the long way: every error handler, the body's limit, the router.
        most_bytes: of a body.
    """

    app: ASGIApp
    most_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain request, or hand it on as it came."""
        key = _key(scope)
        found = key and _found(scope["path"])
        if not (key and found):
            await self.app(scope, receive, send)
            return
        came = [await receive()]
        length = len(came[0].get("body", b""))
        while came[-1].get("more_body") and length <= self.most_bytes:
            came.append(await receive())
            length += len(came[-1].get("body", b""))
        stop, arguments = found
        request = _request(stop, came) if length <= self.most_bytes else None
        if request is None:
            await self.app(scope, _again(came, receive), send)
            return
        scope["route"] = stop.route
        service: Service = scope["state"]["service"]
        try:
            access = await admit(Request(scope), service, key, "score")
            answer = await stop.endpoint(
                request=request, service=service, access=access, **arguments
            )
        except Exception as error:
            answer = problems.answer(error)
        await answer(scope, receive, send)


def _key(scope: Scope) -> str | None:
    """Return the key of a request of JSON without a query; None where it is none, or has none."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
        return None
    headers = dict(reversed(scope["headers"]))  # of two of a name the first counts
    brought = headers.get(b"authorization", b"")
    plain = headers.get(b"content-type") == b"application/json" and brought.startswith(b"Bearer ")
    return brought[7:].decode("latin-1") if plain else None


def _found(path: str) -> tuple[Stop, dict[str, str]] | None:
    for stop in _STOPS:
        form = stop.path.fullmatch(path)
        if form is not None:
            return stop, form.groupdict()
    return None


def _request(stop: Stop, came: list[Message]) -> BaseModel | None:
    """Read the body; None where it cannot be read, whatever is wrong: the long way says what."""
    try:
        return stop.read(b"".join(one.get("body", b"") for one in came))
    except Exception:
        return None


def _again(came: list[Message], receive: Receive) -> Receive:
    """Return what gives the messages that came once more, and then goes on."""
    rest = iter(came)

    async def replayed() -> Message:
        return next(rest, None) or await receive()

    return replayed
