"""A service that is told to stop answers what it was asked before."""

import os
import signal
import socket
import subprocess
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from data.database import open_database
from data.moments import now
from data.settings import Settings
from serving.security import create_key
from tests.company import history, records
from tests.pushing import settled
from tests.service import DEALCAST, running


@pytest.mark.slow
def test_workers_that_are_told_to_stop_answer_all_that_they_were_asked(
    tmp_path: Path, company: Settings
) -> None:
    workspace = settled(Settings(workspace=tmp_path), company)
    engine = open_database(workspace)
    key = create_key(engine, "stop", ["score"], now())
    engine.dispose()
    open_deals = records(history())
    body = {"pipeline": "sales", "reasons": True, "records": open_deals}

    with running(tmp_path, {"DEALCAST_WORKERS": "2"}) as service:

        def ask(_: int) -> int:
            headers = {"Authorization": f"Bearer {key}"}
            url = f"{service.url}/v1/score"
            return httpx2.post(url, json=body, headers=headers, timeout=60).status_code

        with ThreadPoolExecutor(8) as callers:
            asked = [callers.submit(ask, number) for number in range(8)]
            wait(asked, return_when=FIRST_COMPLETED)
            left = [one for one in asked if not one.done()]
            service.process.send_signal(signal.SIGTERM)
            assert [one.result() for one in asked] == [200] * 8
        assert left
        assert service.process.wait(timeout=30) == 0


def test_workers_deal_out_their_callers_and_nobody_else_has_their_port(
    tmp_path: Path, company: Settings
) -> None:
    settled(Settings(workspace=tmp_path), company)
    with running(tmp_path, {"DEALCAST_WORKERS": "2"}) as service:
        port = int(service.url.rpartition(":")[2])
        for _ in range(600):  # the first is ready before the second
            if _doors(port) == 2:
                break
            time.sleep(0.05)
        workers = _children(service.process.pid)
        before = [_sockets(one) for one in workers]
        callers = [socket.create_connection(("127.0.0.1", port)) for _ in range(64)]
        for caller in callers:
            caller.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
            assert caller.recv(65_536).startswith(b"HTTP/1.1 200")
        got = [_sockets(one) - held for one, held in zip(workers, before, strict=True)]
        for caller in callers:
            caller.close()
        assert sum(got) == 64
        assert len([one for one in got if one >= 10]) == 2  # what else Python starts gets none
        for more in ("1", "2"):
            second = subprocess.run(
                [DEALCAST, "serve", "--port", str(port), "--workspace", tmp_path],
                env=os.environ | {"DEALCAST_WORKERS": more},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert second.returncode == 2
            assert f"127.0.0.1:{port}" in second.stderr


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(one) for file in found for one in file.read_text().split()]


def _doors(port: int) -> int:
    """Count who listens on a port."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(f":{port:04X}") and " 0A " in line for line in lines)


def _sockets(pid: int) -> int:
    names = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(os.readlink(one))
    return sum(name.startswith("socket:") for name in names)
