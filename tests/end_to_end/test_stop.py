"""A service that is told to stop answers what it was asked before."""

import signal
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import httpx2
import pytest

from data.database import open_database
from data.moments import now
from data.settings import Settings
from serving.security import create_key
from tests.company import history, records
from tests.pushing import settled
from tests.service import running


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
