"""The real service as a process of its own, to be spoken to and to be killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[1]
DEALCAST = Path(sys.executable).with_name("dealcast")


@dataclass
class Service:
    """A running `dealcast serve`."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running(
    workspace: Path, environment: Mapping[str, str] | None = None, limit: str = ""
) -> Iterator[Service]:
    """Run the service until the block ends; `limit` is put before it in a shell."""
    port = free_port()
    told = [str(DEALCAST), "serve", "--port", str(port), "--workspace", str(workspace)]
    command = ["bash", "-c", f'{limit} exec "$@"', "bash", *told]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | dict(environment or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    service = Service(f"http://127.0.0.1:{port}", process)
    try:
        await_ready(service.url, process)
        yield service
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def await_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a service says that it is ready; fail where it ends or takes a minute."""
    for _ in range(1_200):
        assert process.poll() is None, "the service ended"
        try:
            if httpx2.get(f"{url}/ready").is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the service did not come up")
