"""`POST /v1/score/stream`: whole records line by line in, scores line by line out (NDJSON).

However long the stream is, only some lines of it are in memory: the next are read when those
before are scored and sent.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from data.errors import BadInput
from serving.api.forms import ScoreRequest
from serving.api.plain import record_of
from serving.api.problems import Misfit, as_json, problem_of, responses
from serving.api.records import Moment, PipelineName
from serving.api.scoring import Answered, Question
from serving.api.service import Access, Score, Service, TheService

router = APIRouter(tags=["score"])

NDJSON: Final = "application/x-ndjson"
_AT_ONCE: Final = 64
"""Lines scored in one call."""
_LINE: Final[dict[str, Any]] = {
    "schema": {"type": "string", "description": "a JSON document a line"}
}


@dataclass(frozen=True)
class StreamRequest:
    """What is asked of every line."""

    pipeline: Annotated[PipelineName, Query(description="the pipeline that all deals are on")]
    as_of: Annotated[Moment | None, Query(description="the moment to score at; by default now")] = (
        None
    )
    reasons: Annotated[bool, Query(description="say why as well")] = False
    trend: Annotated[bool, Query(description="say how the score has moved within a week")] = False

    def question(self, line: bytes, now: int) -> Question:
        """Return what is asked of one line.

        Raises:
            ValidationError: it is not a record.
        """
        record = record_of(line)
        asked = ScoreRequest.model_construct(
            pipeline=self.pipeline, reasons=self.reasons, trend=self.trend, records=[record]
        )
        return Question(asked, now if self.as_of is None else self.as_of)


@router.post(
    "/score/stream",
    response_class=Response,
    responses={**responses(401, 403, 404, 422, 503), 200: {"content": {NDJSON: _LINE}}},
    openapi_extra={"requestBody": {"required": True, "content": {NDJSON: _LINE}}},
)
async def stream(
    asked: Annotated[StreamRequest, Depends()],
    request: Request,
    service: TheService,
    access: Score,
) -> Response:
    """Score a stream of whole records, one a line, as many as there are.

    Each line is answered by one line, in their order: `line` (from 1) with what `POST /v1/score`
    answers to that record alone, or with what is wrong with it; the rest goes on. Read while you
    send: who sends all before reading may wait for ever.
    """
    await run_in_threadpool(service.champions.scorer, asked.pipeline)
    return _Lines(_answers(asked, request, service, access))


async def _answers(
    asked: StreamRequest, request: Request, service: Service, access: Access
) -> AsyncIterator[bytes]:
    number = 0
    async with aclosing(_lines(request, service.settings.max_body_bytes)) as lines:
        async for some in lines:
            told = await _told(asked, some, service, access)
            yield b"".join(
                b'{"line":%d,%s\n' % (number + place, one[1:]) for place, one in enumerate(told, 1)
            )
            number += len(some)


async def _told(
    asked: StreamRequest, lines: Sequence[bytes | BadInput], service: Service, access: Access
) -> list[bytes]:
    """Answer some lines at once, each with JSON of its answer or of its problem."""
    now = service.clock()
    questions: list[Question | Exception] = []
    for line in lines:
        try:
            questions.append(line if isinstance(line, BadInput) else asked.question(line, now))
        except ValidationError as error:
            questions.append(_misfit(error))
    answers = await service.scores.ask_all([one for one in questions if isinstance(one, Question)])
    said = [row for one in answers if isinstance(one, Answered) for row in one.said]
    service.live.ledger.add(access.told(now, "request").rows(said))
    told = iter(answers)
    both = [next(told) if isinstance(one, Question) else one for one in questions]
    return [one.content if isinstance(one, Answered) else as_json(problem_of(one)) for one in both]


async def _lines(request: Request, most: int) -> AsyncGenerator[list[bytes | BadInput]]:
    """Yield some lines at a time; one that is too long is passed over, and told as such."""
    some: list[bytes | BadInput] = []
    begun, too_long = b"", False
    async for chunk in request.stream():
        *ended, begun = (begun + chunk).split(b"\n")
        for line in ended:
            some.append(_too_long(most) if too_long or len(line) > most else line)
            too_long = False
            if len(some) == _AT_ONCE:
                yield some
                some = []
        if len(begun) > most:
            begun, too_long = b"", True
        if some:  # what has come is answered, whatever else is on its way
            yield some
            some = []
    if begun.strip() or too_long:
        yield [_too_long(most) if too_long else begun]


def _misfit(error: ValidationError) -> Misfit | BadInput:
    wrong = error.errors(include_url=False)
    if wrong[0]["type"] != "json_invalid":
        return Misfit(wrong)
    return BadInput(
        "the line is not JSON",
        field="line",
        value=wrong[0]["ctx"]["error"],
        allowed="a whole record as one line of JSON",
        remedy="send each record without line breaks, in UTF-8",
    )


def _too_long(most: int) -> BadInput:
    return BadInput("the line is too long", field="line", allowed=f"up to {most:,} bytes")


class _Lines(Response):
    """Lines sent as they come, while the request is still being read.

    Starlette's own streaming answer looks for the caller's leaving where the request's body is.
    """

    media_type = NDJSON

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head: dict[str, Any] = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        async for some in self._lines:
            await send({"type": "http.response.body", "body": some, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
