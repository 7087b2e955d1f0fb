"""What every request may need, and who may ask: the resources of one running service."""

from asyncio import Semaphore
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from data.audit import Actor, Kind
from data.errors import Forbidden
from data.lookup import Commits
from data.settings import Settings
from serving import ledger
from serving.access.counts import Calls
from serving.access.reach import Reach
from serving.api.scoring import Answered, Question
from serving.champions import Champions
from serving.clock import Clock
from serving.desk.warm import Warmer
from serving.gathering import Gathering
from serving.ledger import Told
from serving.live import Live
from serving.security import ApiKey, Unauthenticated, invalid
from serving.standings import Asked, Standing

_PUSHES: Final = 4
"""One push writes, and others make ready."""


@dataclass(frozen=True)
class Service:
    """Opened when the application starts, closed when it stops.

    What `keys` and `standings` remember holds while `commits` sees none; where there are no
    `commits` they remember nothing. At most `_PUSHES` are in `pushes` at one time, so that
    they leave threads to others.
    """

    settings: Settings
    engine: Engine
    champions: Champions
    clock: Clock
    calls: Calls
    live: Live
    scores: Gathering[Question, Answered]
    keys: Gathering[str, ApiKey]
    standings: Gathering[Asked, list[Standing]]
    commits: Commits | None
    warmer: Warmer
    pushes: Semaphore = field(default_factory=lambda: Semaphore(_PUSHES))


async def _service(request: Request) -> Service:
    service: Service = request.state.service
    return service


TheService = Annotated[Service, Depends(_service)]

_bearer = HTTPBearer(auto_error=False, description="A key made by `dealcast keys create`.")
_Presented = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


@dataclass(frozen=True)
class Access:
    """Who calls, and which deals they may see.

    Attributes:
        key: the key that was presented.
        reach: what every query of deals must be limited to.
        actor: what the audit log writes of the caller.
    """

    key: ApiKey
    reach: Reach
    actor: Actor

    def told(self, at: int, kind: ledger.Kind) -> Told:
        """Return what the ledger writes of the caller."""
        return Told(at, kind, f"{self.actor.kind}:{self.actor.name}", self.actor.request_id)


def requires(
    scope: str,
) -> Callable[[Request, Service, HTTPAuthorizationCredentials | None], Coroutine[Any, Any, Access]]:
    """Return a dependency that lets in only valid keys with a scope."""

    async def check(request: Request, service: TheService, presented: _Presented) -> Access:
        if presented is None:
            raise Unauthenticated(
                "an API key is needed", remedy="send the header Authorization: Bearer dc_…"
            )
        return await admit(request, service, presented.credentials, scope)

    return check


async def admit(request: Request, service: Service, presented: str, scope: str) -> Access:
    """Let a caller in, and count the call.

    Raises:
        Unauthenticated: the key is not valid.
        TooMany: its calls are used up.
        Forbidden: its scopes do not cover this.
    """
    now = service.clock()
    if service.commits is not None:
        service.commits.look()
    key = await service.keys.ask(presented)
    if not key.holds_at(now):  # it may have been remembered
        raise invalid()
    if not service.calls.took(key.key_id, now):
        await run_in_threadpool(service.calls.take, key.key_id, now)
    if not key.allows(scope):
        raise Forbidden(
            "the API key's scopes do not cover this",
            field="scopes",
            value=" ".join(key.scopes),
            allowed=scope,
            remedy=f"ask for a key with the scope {scope}",
        )
    return Access(key, key.reach, actor(request, "key", key.key_id))


def actor(request: Request, kind: Kind, name: str) -> Actor:
    """Return what the audit log writes of whoever sent a request."""
    client, state = request.scope.get("client"), request.scope.get("state", {})
    return Actor(kind, name, state.get("request_id"), client and client[0])


Score = Annotated[Access, Depends(requires("score"))]
Read = Annotated[Access, Depends(requires("read"))]
Write = Annotated[Access, Depends(requires("write"))]
Admin = Annotated[Access, Depends(requires("admin"))]
"""What a route takes as `access`, and hands on as `access.reach` to every query of deals."""
