"""What every request may need, and who may ask: the resources of one running service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine

from data.errors import Forbidden
from data.settings import Settings
from serving.api.scoring import Question
from serving.champions import Champions
from serving.gathering import Gathering
from serving.security import ApiKey, Unauthenticated, authenticate

Clock: TypeAlias = Callable[[], int]
"""Tells this moment, in microseconds of UTC; tests set it."""


@dataclass(frozen=True)
class Service:
    """Opened when the application starts, closed when it stops."""

    settings: Settings
    engine: Engine
    champions: Champions
    clock: Clock
    scores: Gathering[Question, bytes]


async def _service(request: Request) -> Service:
    service: Service = request.state.service
    return service


TheService = Annotated[Service, Depends(_service)]

_bearer = HTTPBearer(auto_error=False, description="A key made by `dealcast keys create`.")
_Presented = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def requires(scope: str) -> Callable[[Service, HTTPAuthorizationCredentials | None], ApiKey]:
    """Return a dependency that lets in only valid keys with a scope."""

    def check(service: TheService, presented: _Presented) -> ApiKey:
        if presented is None:
            raise Unauthenticated(
                "an API key is needed", remedy="send the header Authorization: Bearer dc_…"
            )
        key = authenticate(service.engine, presented.credentials, service.clock())
        if not key.allows(scope):
            raise Forbidden(
                "the API key's scopes do not cover this",
                field="scopes",
                value=" ".join(key.scopes),
                allowed=scope,
                remedy=f"ask for a key with the scope {scope}",
            )
        return key

    return check
