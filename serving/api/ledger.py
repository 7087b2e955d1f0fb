"""`GET /v1/ledger`: who saw what of which deal, when, from which model, and what came of it."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from data.errors import BadInput
from data.moments import iso, parse_moment
from serving import ledger
from serving.api.deal_score import Chance, End
from serving.api.problems import responses
from serving.api.records import Name, PipelineName
from serving.api.service import Read, TheService
from serving.ledger import Asked, Kind

router = APIRouter(tags=["ledger"])


class Entry(BaseModel):
    """One score as it left the house."""

    at: str
    pipeline: str
    deal_id: str = Field(description="a pseudonym where the deal was erased")
    as_of: str
    bundle: str
    served_by: str
    kind: str = Field(description="request, by-id, push, list or batch")
    caller: str = Field(description="key:<id>, user:<id> or job:<name>")
    request_id: str | None
    score: int
    grade: str
    chances: list[Chance]
    eventually: End
    reasons: str | None = Field(description="SHA-256 of the reasons given; null without any")
    outcome: str | None = Field(description="what came of it so far; null of a deal not stored")
    closed_at: str | None


class LedgerPage(BaseModel):
    """Entries, the newest first."""

    entries: list[Entry]
    next: str | None = Field(description="the cursor of the next page; null on the last one")


@router.get("/ledger", responses=responses(401, 403, 422, 503))
def read_ledger(
    service: TheService,
    access: Read,
    pipeline: Annotated[PipelineName | None, Query()] = None,
    deal_id: Annotated[Name | None, Query()] = None,
    bundle: Annotated[Name | None, Query(description="the bundle that scored it")] = None,
    caller: Annotated[Name | None, Query(description="such as key:0123456789ab")] = None,
    kind: Annotated[Kind | None, Query()] = None,
    since: Annotated[str | None, Query(max_length=50, description="ISO 8601")] = None,
    until: Annotated[str | None, Query(max_length=50, description="ISO 8601; before it")] = None,
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,18}$")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000, description="entries a page")] = 100,
) -> LedgerPage:
    """Read the ledger. What requests were told is in it a second later."""
    asked = Asked(pipeline, deal_id, bundle, caller, kind, _at(since, "since"), _at(until, "until"))
    before = None if cursor is None else int(cursor)
    with service.engine.connect() as connection:
        found = ledger.find(connection, asked, access.reach, before, limit)
    last = str(found[-1]["score_id"]) if len(found) == limit else None
    return LedgerPage(entries=[_entry(one) for one in found], next=last)


def _at(text: str | None, field: str) -> int | None:
    moment = None if text is None else parse_moment(text, field)
    if moment is not None and not 0 <= moment < 2**62:
        raise BadInput("not a moment of the ledger", field, text, "moments since 1970")
    return moment


def _entry(row: dict[str, Any]) -> Entry:
    chances = json.loads(row["chances"])
    moments = {name: None if row[name] is None else iso(row[name]) for name in _MOMENTS}
    return Entry(
        **(row | moments)
        | {
            "chances": [Chance(days_ahead=d, p_won=won, p_lost=lost) for d, won, lost in chances],
            "eventually": End(p_won=row["p_won"], p_lost=row["p_lost"]),
        }
    )


_MOMENTS = ("at", "as_of", "closed_at")
