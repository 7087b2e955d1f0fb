"""The express lane: standing scores told to a CRM that asks for nothing but them.

What stands is known before it is asked, so what a call costs is the way to it. This one leads by
no router and solves no dependencies. Whatever is not plain (another question, a key that is not
valid or used up, a deal without a fresh score, any error) goes on, untouched, to
`serving.api.deals`, which says the same of what stands.
"""

import re
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.errors import DealcastError
from serving.api import deals
from serving.api.deals import DealsRequest, fresh
from serving.api.service import Service
from serving.api.standing_score import written
from serving.ledger import Told

_PATH: Final = re.compile(r"/v1/pipelines/(?P<pipeline>[A-Za-z0-9_-]{1,200})/deals/score")
_MOST_BYTES: Final = 16_384
"""What is longer takes long to tell as well, and is no matter of microseconds."""
_ROUTE: Final = next(
    one for one in deals.router.routes if isinstance(one, Route) and one.name == "score_deals"
)


@dataclass(frozen=True)
class Express:
    """Middleware before the router.

    Attributes:
        app: what it stands before.
        most: bytes that a body may have.
    """

    app: ASGIApp
    most: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request if it is plain, or hand it on as it came."""
        ticket = _ticket(scope, min(self.most, _MOST_BYTES))
        if ticket is None:
            await self.app(scope, receive, send)
            return
        came = [await receive()]
        while came[-1].get("more_body"):
            came.append(await receive())
        told = await _told(scope, *ticket, b"".join(one.get("body", b"") for one in came))
        if told is None:
            await self.app(scope, _again(came, receive), send)
            return
        scope["route"] = _ROUTE  # what `serving.api.observed` counts it under
        await Response(told, media_type="application/json")(scope, receive, send)


def _ticket(scope: Scope, most: int) -> tuple[str, str] | None:
    """Return the pipeline that is asked about and the key; None where the lane is not for it."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    form = _PATH.fullmatch(scope["path"])
    if form is None:
        return None
    headers = dict(reversed(scope["headers"]))  # of two of a name the first counts
    length, key = headers.get(b"content-length", b""), headers.get(b"authorization", b"")
    short = length.isdigit() and int(length) <= most
    plain = headers.get(b"content-type") == b"application/json" and key.startswith(b"Bearer ")
    return (form["pipeline"], key[7:].decode("latin-1")) if short and plain else None


async def _told(scope: Scope, pipeline: str, presented: str, body: bytes) -> bytes | None:
    """Return the answer, entered and counted; None where there is more to it."""
    service: Service = scope["state"]["service"]
    try:
        asked = DealsRequest.model_validate_json(body)
        scorer, now = service.champions.at_hand(pipeline), service.live.clock()
        if asked.model_fields_set != {"deal_ids"} or scorer is None:
            return None
        key = await service.keys.ask(presented)
        found = await service.standings.ask((pipeline, asked.deal_ids))
        rows = fresh(found, service.settings.score_hours, scorer, now)
        rows = [one for one in rows if key.reach.covers(one["owner_id"], one["team"])]
        whole = len(rows) == len(set(asked.deal_ids))
        if not (whole and key.allows("score") and service.calls.took(key.key_id, service.clock())):
            return None
        told = Told(now, "by-id", f"key:{key.key_id}", scope["state"].get("request_id"))
        service.live.ledger.add(told.rows(rows))
    except (DealcastError, ValidationError, SQLAlchemyError):
        return None
    return f'{{"scores":[{",".join(map(written, rows))}],"not_open":[]}}'.encode()


def _again(came: list[Message], receive: Receive) -> Receive:
    """Return what gives the messages that came once more, and then goes on."""
    rest = iter(came)

    async def replayed() -> Message:
        return next(rest, None) or await receive()

    return replayed
