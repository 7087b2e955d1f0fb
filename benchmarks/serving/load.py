"""The load: clients on loopback that count what they wait, and forget no wait.

With a rate, requests are due on a timetable, and a latency runs from when a request was due: a
service that stalls makes all wait that were due meanwhile, and is charged with it (coordinated
omission). Without, each client asks again as soon as it is answered: for throughput.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Call:
    """A request ready to be sent."""

    path: str
    body: bytes
    headers: dict[str, str]

    def wire(self) -> bytes:
        """Return the bytes of HTTP/1.1."""
        head = {"Host": "127.0.0.1", "Content-Type": "application/json", **self.headers}
        head["Content-Length"] = str(len(self.body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        return f"POST {self.path} HTTP/1.1\r\n{lines}\r\n".encode() + self.body


@dataclass(frozen=True)
class Heard:
    """What came of it.

    Attributes:
        latencies: milliseconds, one a request.
        seconds: from the first request to the last answer.
        failed: answers that were not 200.
    """

    latencies: np.ndarray
    seconds: float
    failed: int

    @classmethod
    def of_all(cls, rounds: "Sequence[Heard]") -> Self:
        """Lay what came of several rounds together."""
        return cls(
            np.concatenate([one.latencies for one in rounds]),
            sum(one.seconds for one in rounds),
            sum(one.failed for one in rounds),
        )

    def told(self, deals_a_call: int) -> dict[str, float]:
        """Return the figures of a page."""
        middle, high, highest = np.percentile(self.latencies, [50, 95, 99])
        return {
            "p50_ms": round(float(middle), 2),
            "p95_ms": round(float(high), 2),
            "p99_ms": round(float(highest), 2),
            "deals_a_second": round(len(self.latencies) * deals_a_call / self.seconds, 1),
            "calls": len(self.latencies),
            "failed": self.failed,
        }


def load(
    port: int, calls: Sequence[Call], clients: int, seconds: float, rate: float | None = None
) -> Heard:
    """Put calls to a service, in turn, for some seconds.

    Args:
        port: on loopback.
        calls: what is asked.
        clients: connections.
        seconds: how long.
        rate: calls a second in all; None asks as fast as answers come.
    """
    return asyncio.run(_load(port, [call.wire() for call in calls], clients, seconds, rate))


async def _load(
    port: int, calls: Sequence[bytes], clients: int, seconds: float, rate: float | None
) -> Heard:
    turn, latencies, failed = itertools.count(), list[float](), 0
    begun = time.perf_counter()

    async def client() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            number = next(turn)
            due = time.perf_counter() if rate is None else begun + number / rate
            if due > begun + seconds:
                break
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            writer.write(calls[number % len(calls)])
            status = await _answer(reader)
            latencies.append(1000 * (time.perf_counter() - due))
            failed += status != 200
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return Heard(np.array(latencies), time.perf_counter() - begun, failed)


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read an answer to its end and return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if b"content-length:" in head:
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        return status
    while size := int((await reader.readline()).strip(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()
    return status
