"""Limits that hold before a request is read.

FastAPI's own body limit answers in plain text, whatever handlers are installed; every error of
this interface is problem+json.
"""

import asyncio
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.errors import NotReady
from serving.api.problems import Problem


@dataclass(frozen=True)
class BodyLimit:
    """Middleware that stops reading a body as soon as it is longer than allowed.

    Attributes:
        app: what it stands before.
        most: bytes.
        unbounded: paths whose bodies are read in pieces, however long they are.
    """

    app: ASGIApp
    most: int
    unbounded: tuple[str, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request with its body counted; whoever reads too much is told 413."""
        if scope["type"] != "http" or scope["path"] in self.unbounded:
            await self.app(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.most:
                raise HTTPException(413, f"a body may have {self.most:,} bytes; send fewer records")
            return message

        await self.app(scope, counted, send)


@dataclass(frozen=True)
class Deadline:
    """Middleware that gives a request up when no answer has begun in time.

    A body that trickles in counts, a long answer that has begun does not. Work that a thread has
    begun goes on to its end, but nobody waits for it.

    Attributes:
        app: what it stands before.
        seconds: until then.
    """

    app: ASGIApp
    seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request; whoever takes too long is told 503."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        task, late, begun = asyncio.current_task(), False, False

        def give_up() -> None:
            nonlocal late
            late = True
            task.cancel()  # type: ignore[union-attr]  # a coroutine runs in a task

        # what asyncio.timeout does, in half the time: it is set up and ended at each request
        clock = asyncio.get_running_loop().call_later(self.seconds, give_up)

        async def watched(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                clock.cancel()
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except asyncio.CancelledError:
            if not late or task.uncancel():  # type: ignore[union-attr]
                raise
            if begun:
                raise TimeoutError from None
            problem = NotReady(
                "the answer takes too long", remedy="send fewer records, or try again later"
            )
            await Problem(problem.problem())(scope, receive, send)
        finally:
            clock.cancel()
