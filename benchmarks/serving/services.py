"""The services of the race: how each is started, and what it takes of memory and time."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Running:
    """A service that answers.

    Attributes:
        port: on loopback.
        pid: of its process, the parent of its workers.
        start_s: seconds from the command to the first answer that it is ready.
    """

    port: int
    pid: int
    start_s: float

    def memory_mb(self) -> float:
        """Return the resident memory of the process and its children, in MB."""
        return round(sum(map(_resident_kb, _family(self.pid))) / 1024, 1)


@contextmanager
def running(
    command: list[str], ready: str, environment: dict[str, str], log: Path
) -> Iterator[Running]:
    """Start a service on a free port, which stands for {port} in its command, and end it.

    Args:
        command: the program and its arguments.
        ready: the path that answers 200 when it is ready.
        environment: more variables.
        log: the file that gets what it prints.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [part.format(port=port) for part in command],
            env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"} | environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while not _is_ready(f"http://127.0.0.1:{port}{ready}"):
            if process.poll() is not None or time.monotonic() > begun + 300:
                raise RuntimeError(f"{command[0]} did not come up; see {log}")
            time.sleep(0.05)
        yield Running(port, process.pid, round(time.monotonic() - begun, 2))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _is_ready(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def _resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
