"""Bundles are swapped while requests come in: none fails, and none is answered by two."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest
from starlette.testclient import TestClient

from data.database import open_database
from data.settings import Settings
from models.bundle import CHAMPION, Bundle, crown
from serving.api.app import create_app
from serving.api.service import Service
from serving.security import create_key
from tests import company

SWAPS = 500


@pytest.fixture
def workspace(company: Settings, tmp_path: Path) -> Settings:
    """Return a workspace of its own, with a second bundle beside the champion."""
    shutil.copytree(company.workspace, tmp_path / "workspace")
    settings = company.model_copy(update={"workspace": tmp_path / "workspace"})
    own = settings.bundles / "sales"
    bundle = Bundle.load(own / (own / CHAMPION).read_text("utf-8"))
    bundle.card["note"] = "the same, under another name"
    Bundle(**{**vars(bundle), "card": _unsealed(bundle.card)}).save(own)
    return settings


def _unsealed(card: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in card.items() if name not in ("name", "hashes", "format")}


@pytest.fixture
def client(workspace: Settings) -> Iterator[TestClient]:
    engine = open_database(workspace)
    key = create_key(engine, "swaps", ["score", "read"], company.END)
    engine.dispose()
    app = create_app(workspace, clock=lambda: company.END)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def _bundles(own: Path) -> list[Path]:
    return sorted(path.parent for path in own.glob("*/card.json"))


@pytest.mark.slow
def test_swaps_fail_no_request_and_mix_no_answer(client: TestClient, workspace: Settings) -> None:
    own, body = workspace.bundles / "sales", company.records(company.history())[:3]
    first, second = _bundles(own)
    done, seen = Event(), Counter[str]()

    def ask() -> int:
        asked = 0
        while not done.is_set():
            answer = client.post("/v1/score", json={"pipeline": "sales", "records": body})
            assert answer.status_code == 200, answer.text
            (bundle,) = {score["bundle"] for score in answer.json()["scores"]}
            seen[bundle] += 1
            asked += 1
        return asked

    with ThreadPoolExecutor(4) as threads:
        callers = [threads.submit(ask) for _ in range(4)]
        for swap in range(SWAPS):
            crown((first, second)[swap % 2])
            if swap % 25 == 0:  # some are named only while others are being loaded
                _await_served(client, (first, second)[swap % 2].name)
        done.set()
        assert sum(caller.result() for caller in callers) > 0
    assert set(seen) == {first.name, second.name}


def _await_served(client: TestClient, bundle: str) -> None:
    end = monotonic() + 60
    while client.get("/v1/pipelines/sales/model").json()["bundle"] != bundle:
        assert monotonic() < end
        sleep(0.02)


def test_a_corrupt_bundle_is_refused_while_requests_come_in(
    client: TestClient, workspace: Settings
) -> None:
    own, body = workspace.bundles / "sales", company.records(company.history())[:1]
    champion = (own / CHAMPION).read_text("utf-8")
    other = next(path for path in _bundles(own) if path.name != champion)

    def asked() -> str:
        answer = client.post("/v1/score", json={"pipeline": "sales", "records": body})
        assert answer.status_code == 200, answer.text
        name: str = answer.json()["scores"][0]["bundle"]
        return name

    assert asked() == champion
    booster = other / "won-0.txt"
    booster.write_bytes(booster.read_bytes()[:-20])
    crown(other)
    service: Service = client.app_state["service"]
    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(asked) for _ in range(8)]
        service.champions.look()
        assert {one.result() for one in answers} == {champion}
    assert asked() == champion
    card = json.loads((own / champion / "card.json").read_text("utf-8"))
    assert card["name"] == champion
