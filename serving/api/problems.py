"""Every error as problem+json (RFC 9457), in the one shape that `data.errors` gives."""

import json
import re
import sys
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import sqlalchemy as sa
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from data.database import AWAY
from data.errors import BadInput, DealcastError, NotReady, TooMany, first_line

log = structlog.get_logger()

MOST_ERRORS: Final = 20
"""How many wrong fields one answer names."""
_HEADERS: Final = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}
_FAULT: Final = DealcastError("a fault of ours", remedy="tell whoever runs this service")
_NO_ROOM: Final = ("disk is full", "disk I/O error", "No space left", "could not extend")
"""What SQLite and PostgreSQL say when they cannot write."""
_ANY: Final = re.compile(r"\{[^}]+\}")
_JSON: Final = re.compile(r"application/([\w.-]+\+)?json\b", re.IGNORECASE)
_REMEDIES: Final = {
    "extra_forbidden": "leave it out, or see /docs for the fields that there are",
    "json_invalid": "send one JSON document in UTF-8, with Content-Type: application/json",
    "missing": "give it",
}


class Misfit(BadInput):
    """A request that does not fit its form: the first wrong field in its words, all in `errors`."""

    def __init__(self, found: Sequence[Any]) -> None:
        """Take what pydantic found."""
        self.wrong = [_bad_field(one) for one in found[:MOST_ERRORS]]
        super().__init__(**vars(self.wrong[0]))

    def problem(self) -> dict[str, object]:
        """Return the problem document, with every wrong field as far as there is room."""
        document = self.wrong[0].problem()
        if len(self.wrong) > 1:
            document["errors"] = [one.problem() for one in self.wrong]
        return document


class ProblemDocument(BaseModel):
    """What every error looks like."""

    type: str = Field(description="a name for the kind of problem")
    title: str = Field(description="what is wrong")
    status: int = Field(description="the HTTP status")
    detail: str | None = Field(None, description="all of it in one line")
    field: str | None = Field(None, description="where it is wrong")
    value: str | None = Field(None, description="what stands there")
    allowed: str | None = Field(None, description="what may stand there")
    remedy: str | None = Field(None, description="what to do about it")
    request_id: str | None = Field(None, description="what the log knows the request by")
    errors: list[dict[str, str | int]] | None = Field(
        None, description="every wrong field, the same way"
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of the errors that a route may answer with.

    Whoever may be told 401 has a key, and may be told that its calls are used up.
    """
    if HTTPStatus.UNAUTHORIZED in statuses:
        statuses = (*statuses, HTTPStatus.TOO_MANY_REQUESTS)
    content = {"application/problem+json": {"schema": ProblemDocument.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


class Problem(Response):
    """A problem document; ASCII only, so that even broken text of a request can be quoted."""

    media_type = "application/problem+json"

    def __init__(self, document: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        status = document["status"]
        document = document | structlog.contextvars.get_contextvars()
        super().__init__(as_json(document), status, _HEADERS.get(status, {}) | (headers or {}))


def install(app: FastAPI) -> None:
    """Give the application a handler for everything that may go wrong."""
    app.exception_handler(DealcastError)(_known)
    app.exception_handler(RequestValidationError)(_validation)
    app.exception_handler(HTTPException)(_http)
    for of in AWAY:
        app.exception_handler(of)(_known)
    app.exception_handler(Exception)(_fault)


def answer(error: Exception) -> Problem:
    """Return what the caller of a request that failed is told."""
    wait = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else None
    return Problem(problem_of(error), wait)


def _known(_: Request, error: Exception) -> Response:
    return answer(error)


def _validation(request: Request, error: RequestValidationError) -> Response:
    kind = request.headers.get("content-type", "")
    if not _JSON.match(kind) and any(tuple(one["loc"]) == ("body",) for one in error.errors()):
        wrong = BadInput(
            "the body is not said to be JSON",
            field="Content-Type",
            value=kind,
            allowed="application/json",
            remedy=_REMEDIES["json_invalid"],
        )
        return Problem(wrong.problem())
    return Problem(Misfit(error.errors()).problem())


def problem_of(error: Exception) -> dict[str, Any]:
    """Return the document of an error, as it is told within an answer too, such as of one line.

    What is none of ours is a fault of ours, and logged: a request that does not fit is a `Misfit`.
    """
    if isinstance(error, AWAY):
        error = _of_database(error)
    if isinstance(error, DealcastError):
        return error.problem()
    log.error("a fault of ours", exc_info=error)
    return _FAULT.problem()


def as_json(document: dict[str, Any]) -> bytes:
    """Return a document in ASCII, so that even broken text of a request can be quoted."""
    return json.dumps(document).encode()


def _bad_field(error: dict[str, Any]) -> BadInput:
    """Tell one of pydantic's errors in our words: field path, value, what may stand there."""
    path = [str(part) for part in error["loc"] if part != "body"]
    if error["type"] == "json_invalid":
        return BadInput(
            f"the body is not JSON at character {path[-1]}",
            field="body",
            allowed=error.get("ctx", {}).get("error"),
            remedy=_REMEDIES["json_invalid"],
        )
    return BadInput(
        "the request does not fit",
        field=".".join(path)[:300] or "body",
        # of what is missing pydantic gives all that stands around it
        value=None if error["type"] == "missing" else error.get("input"),
        allowed=error["msg"],
        remedy=_REMEDIES.get(error["type"], "correct this field; its form stands in /docs"),
    )


def _http(request: Request, error: HTTPException) -> Response:
    if isinstance(error.__cause__, (ValueError, RecursionError)):
        return Problem(_unread(request, error.__cause__).problem())
    status, headers = HTTPStatus(error.status_code), dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED and (allowed := _allowed(request)):
        headers["Allow"] = ", ".join(allowed)
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": str(error.detail),
    }
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        document["remedy"] = "see /docs for the paths that there are, and their methods"
    if "Allow" in headers:
        document["allowed"] = headers["Allow"]
    return Problem(document, headers)


def _unread(request: Request, cause: Exception) -> BadInput:
    """Tell why a body cannot be read."""
    if packed := request.headers.get("content-encoding"):
        remedy = "send it as it is, without Content-Encoding"
        return BadInput("the body is packed", field="Content-Encoding", value=packed, remedy=remedy)
    if isinstance(cause, RecursionError):
        wrong = "is too deep"
    elif isinstance(cause, UnicodeDecodeError):
        wrong = "is not in UTF-8"
    else:  # Python reads no longer integers
        wrong = f"has a number of more than {sys.get_int_max_str_digits():,} digits"
    return BadInput(f"the body {wrong}", field="body", remedy=_REMEDIES["json_invalid"])


def _allowed(request: Request) -> list[str]:
    """Return the methods of a path of the interface; the router knows only its first route's."""
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    forms = [form for form in paths if re.fullmatch(_ANY.sub("[^/]+", form), request.url.path)]
    return sorted(
        map(str.upper, paths[min(forms, key=lambda form: form.count("{"))] if forms else ())
    )


def _of_database(error: sa.exc.SQLAlchemyError) -> NotReady:
    why = first_line(error)
    log.error("the database does not answer", why=why)
    if any(word in why for word in _NO_ROOM):
        return NotReady("the database's disk takes no more", remedy="make room; nothing was taken")
    return NotReady("the database does not answer", remedy="try again soon")


def _fault(_: Request, error: Exception) -> Response:
    # the server logs the traceback; a caller learns nothing of our insides
    return Problem(_FAULT.problem())
