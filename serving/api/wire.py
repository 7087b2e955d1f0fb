"""HTTP on the wire: uvicorn's parser in C, with a limit to what comes before a body.

httptools keeps a head until it is whole, however long it grows. And uvicorn writes the head of an
answer and its body apart: two packets, and whoever waits for them is woken twice.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES: Final = 32_768
"""What a request's line and headers, or what follows a body in chunks, may have."""
MOST_HELD_BYTES: Final = 65_536
"""What of answers may wait for the end of the loop's turn."""


class Together:
    """A transport that sends at the end of a turn of the loop what was written in it.

    On busy machines that saves more than the second packet: whoever is woken by the first answer
    takes the processor from the others that are ready in the same turn.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        """Do all else as the transport does."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Take what is to be sent."""
        if not self._held:
            self._loop.call_soon(self.send)
        self._held += data
        if len(self._held) > MOST_HELD_BYTES:  # whoever writes must learn that nobody reads
            self.send()

    def close(self) -> None:
        """Send what is held, and close."""
        self.send()
        self._transport.close()

    def send(self) -> None:
        """Send what is held."""
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)


class Wire(HttpToolsProtocol):
    """A connection; one whose head does not end is told 400 and closed."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        self._together = Together(transport, self.loop)
        super().connection_made(self._together)  # type: ignore[arg-type]

    def eof_received(self) -> None:
        """Send what waits: the connection is about to close, since the client sends no more."""
        self._together.send()
        super().eof_received()

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is of a head that has become too long."""
        self._head += len(data)
        super().data_received(data)  # begins at 0 again whenever a head ends, or a body goes on
        if self._head > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        """Begin what comes after the head."""
        self._head = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._head = 0
        super().on_body(body)
