"""`GET /v1/audit`: who changed what."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from data import audit
from data.moments import parse_moment
from serving.api.problems import responses
from serving.api.service import Admin, TheService

router = APIRouter(tags=["audit"])


class Entry(BaseModel):
    """One change, sign-in or refusal."""

    entry: int = Field(description="its number; later entries have higher ones")
    at: str
    actor_kind: str = Field(description="user, key, command, service, or nobody")
    actor: str = Field(description="the id of the user or key, or the system's user")
    action: str
    target: str | None = Field(description="the id of what was changed")
    detail: dict[str, Any]
    request_id: str | None
    address: str | None


class Entries(BaseModel):
    """A page of the audit log, newest first."""

    entries: list[Entry]
    before: int | None = Field(description="what to ask for the next page with; null: no more")


@router.get("/audit", responses=responses(401, 403, 422, 503))
def audit_log(
    service: TheService,
    access: Admin,
    since: Annotated[str | None, Query(max_length=40, description="ISO 8601")] = None,
    action: Annotated[
        str | None, Query(max_length=60, pattern=r"^[a-z.-]+$", description="one, or all of a noun")
    ] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000, description="entries a page")] = 100,
) -> Entries:
    """Read the audit log, newest first; only a key with the scope admin may."""
    start = 0 if since is None else parse_moment(since, "since")
    with service.engine.connect() as connection:
        found = audit.read(connection, before=before, since=start, action=action, limit=limit)
    entries = [Entry(**one) for one in found]
    return Entries(entries=entries, before=entries[-1].entry if len(entries) == limit else None)
