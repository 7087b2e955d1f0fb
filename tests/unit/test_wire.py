"""The head of an answer leaves with its body, and nothing waits that is much."""

import asyncio

from serving.api.wire import MOST_HELD_BYTES, Together


class Sent(asyncio.Transport):
    """Notes what is sent, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def test_what_is_written_in_one_turn_leaves_at_its_end() -> None:
    async def run() -> None:
        below = Sent()
        wire = Together(below, asyncio.get_running_loop())
        wire.write(b"head ")
        wire.write(b"")
        wire.write(b"body")
        assert below.sent == []
        await asyncio.sleep(0)
        assert below.sent == [b"head body"]
        wire.write(b"x" * MOST_HELD_BYTES)
        assert len(below.sent) == 1
        wire.write(b"y")  # too much to wait with: whoever writes is told to pause
        assert len(below.sent) == 2
        wire.write(b"end")
        wire.close()
        assert below.sent[2:] == [b"end"]
        assert below.closed
        wire.write(b"nobody hears this")
        await asyncio.sleep(0)
        assert len(below.sent) == 3
        assert wire.is_closing()

    asyncio.run(run())
