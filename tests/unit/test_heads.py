"""HEAD is answered as GET is, and whoever answers in its place sees that it was HEAD."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from serving.api.headers import Heads


def test_a_head_that_fails_is_a_head_again() -> None:
    seen = []

    async def failing(scope: Scope, _: Receive, send: Send) -> None:
        seen.append(scope["method"])
        raise RuntimeError("inside")

    async def nothing(*_: Message) -> Message:
        return {}

    scope = {"type": "http", "method": "HEAD"}
    with pytest.raises(RuntimeError, match="inside"):
        asyncio.run(Heads(failing)(scope, nothing, nothing))  # type: ignore[arg-type]
    assert (seen, scope["method"]) == (["GET"], "HEAD")


def test_the_server_sees_a_head_when_the_answer_begins() -> None:
    seen = []

    async def answering(scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def nothing() -> Message:
        return {}

    async def told(_: Message) -> None:
        seen.append(scope["method"])

    scope = {"type": "http", "method": "HEAD"}
    asyncio.run(Heads(answering)(scope, nothing, told))
    assert seen == ["HEAD"]
