"""The express lane says what the router says, in answers and in errors alike."""

from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console
from starlette.testclient import TestClient

from data.database import open_database
from data.moments import DAY, iso
from data.settings import Settings
from pipelines import score
from serving.api import deals
from serving.api.deals import DealsRequest
from serving.security import create_key
from tests import company
from tests.pushing import NOW, Clock, serving

RECORDS = company.records(company.history())[:3]
OPEN = [record["deal"]["deal_id"] for record in RECORDS]
BY_ID = "/v1/pipelines/sales/deals/score"
WHOLE = {"pipeline": "sales", "records": RECORDS}
PLAIN = "application/json"
BY_ROUTER = "application/json; charset=utf-8"
"""The lane takes no parameters, so that this goes by the router."""


@pytest.fixture(scope="module")
def client(company: Settings) -> Iterator[TestClient]:
    score.run("sales", NOW, company, Console(quiet=True), company.workspace / "scores.parquet")
    with serving(company) as client:
        yield client


@pytest.fixture(scope="module")
def reader(company: Settings) -> str:
    engine = open_database(company)
    key = create_key(engine, "reader", ["read"], NOW)
    engine.dispose()
    return key


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (BY_ID, {"deal_ids": OPEN}),
        (BY_ID, {"deal_ids": [*OPEN, *OPEN]}),
        (BY_ID, {"deal_ids": OPEN, "days_ahead": [3, 90], "won_by": ["2026-05-01"]}),
        (BY_ID, {"deal_ids": OPEN, "reasons": True}),
        (BY_ID, {"deal_ids": ["nobody's", *OPEN]}),
        (BY_ID, {"deal_ids": []}),
        (BY_ID, {"deal_ids": OPEN, "won_by": ["1999-01-01"]}),
        (BY_ID, {"deal_ids": OPEN, "as_of": iso(0)}),
        ("/v1/pipelines/nobody/deals/score", {"deal_ids": OPEN}),
        ("/v1/score", WHOLE),
        ("/v1/score", WHOLE | {"reasons": True, "trend": True, "won_by": ["2026-05-01"]}),
        ("/v1/score", WHOLE | {"pipeline": "nobody"}),
        ("/v1/score", WHOLE | {"records": []}),
        ("/v1/score", WHOLE | {"records": [{"deal": {"deal_id": "x"}}]}),
        ("/v1/score", WHOLE | {"as_of": "yesterday"}),
        ("/v1/score", "no object"),
    ],
)
def test_both_ways_say_the_same(client: TestClient, path: str, body: Any) -> None:
    told = [
        client.post(path, json=body, headers={"Content-Type": kind, "X-Request-ID": "same"})
        for kind in (PLAIN, BY_ROUTER)
    ]
    assert told[0].status_code == told[1].status_code < 500
    assert told[0].json() == told[1].json()
    assert dict(told[0].headers) == dict(told[1].headers)


@pytest.mark.parametrize("path", [BY_ID, "/v1/score"])
@pytest.mark.parametrize("kind", [PLAIN, BY_ROUTER])
def test_a_key_counts_on_both_ways(client: TestClient, reader: str, path: str, kind: str) -> None:
    body = {"deal_ids": OPEN} if path == BY_ID else WHOLE
    own = {"Content-Type": kind}
    for key, status in ((reader, 403), (reader[:-1] + "!", 401), ("", 401)):
        answer = client.post(path, json=body, headers=own | {"Authorization": f"Bearer {key}"})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_that_was_let_in_ends_at_its_time(company: Settings) -> None:
    engine, clock = open_database(company), Clock()
    key = create_key(engine, "short", ["score"], NOW, expires_days=1)
    engine.dispose()
    with serving(company, clock) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        told = []
        for clock.now in (NOW, NOW, NOW + DAY - 1, NOW + DAY):
            told.append(client.post(BY_ID, json={"deal_ids": OPEN[:1]}).status_code)
    assert told == [200, 200, 200, 401]


@pytest.mark.parametrize("kind", [PLAIN, BY_ROUTER])
def test_a_fault_of_ours_is_told_as_one_on_both_ways(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    async def odd(*_: Any) -> None:
        DealsRequest.model_validate({})  # raises what a misfit of the caller's would raise

    monkeypatch.setattr(deals, "_said", odd)
    monkeypatch.setattr(client._transport, "raise_server_exceptions", False)
    answer = client.post(BY_ID, json={"deal_ids": OPEN}, headers={"Content-Type": kind})
    assert answer.status_code == 500
    assert answer.json()["title"] == "a fault of ours"
    assert answer.headers["content-type"] == "application/problem+json"
