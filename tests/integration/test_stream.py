"""The stream: a line in, a line out, in order, whatever is wrong with some of them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from data.database import open_database
from data.settings import Settings
from serving.api.app import create_app
from serving.security import create_key
from tests import company

NOW = company.END
ASKED = "/v1/score/stream?pipeline=sales"


@pytest.fixture(scope="module")
def client(company: Settings) -> Iterator[TestClient]:
    engine = open_database(company)
    key = create_key(engine, "stream", ["score", "read"], NOW)
    engine.dispose()
    app = create_app(company, clock=lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return company.records(company.history())


def lines_of(client: TestClient, body: Any, asked: str = ASKED) -> list[dict[str, Any]]:
    answer = client.post(asked, content=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_each_line_is_answered_as_a_request_of_its_own_is(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    body = "\n".join(map(json.dumps, records * 4)).encode()
    told = lines_of(client, (body[at : at + 1_000] for at in range(0, len(body), 1_000)))
    assert [one.pop("line") for one in told] == list(range(1, 4 * len(records) + 1))
    for record, one in list(zip(records, told, strict=False))[:5]:
        said = client.post("/v1/score", json={"pipeline": "sales", "records": [record]}).json()
        assert one["scores"][0]["eventually"] == pytest.approx(said["scores"][0]["eventually"])
        assert one["scores"][0]["deal_id"] == record["deal"]["deal_id"]
    assert told[: len(records)] == told[len(records) : 2 * len(records)]


def test_a_bad_line_is_told_with_its_number_and_the_rest_goes_on(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    good = json.dumps(records[0]).encode()
    deal = {"deal_id": "d", "created_at": "2026-01-01"}
    bad = [
        b"",
        b"{",
        b"\xff",
        b"[" * 50_000,
        b'{"deal": {"deal_id": "d"}}',
        json.dumps({"deal": deal | {"amount": "9"}}).encode(),
        json.dumps({"deal": deal, "changes": [{"field": "x", "at": "2026-01-02"}]}).encode(),
        json.dumps({"deal": {"deal_id": "d", "created_at": "2027-01-01"}}).encode(),
        b'"' + b"x" * 1_000_001 + b'"',
    ]
    told = lines_of(client, b"\n".join([good, *bad, good]))
    assert [one["line"] for one in told] == list(range(1, len(bad) + 3))
    assert [one.get("status", 200) for one in told] == [200, *[422] * len(bad), 200]
    assert all(one.get("remedy") or one.get("allowed") for one in told[1:-1])
    assert {one["field"] for one in told[1:4]} == {"line"}
    assert told[0]["scores"] == told[-1]["scores"]


def test_nothing_in_nothing_out_and_reasons_on_request(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    assert lines_of(client, b"") == []
    (told,) = lines_of(client, json.dumps(records[0]).encode() + b"\n", f"{ASKED}&reasons=true")
    assert told["scores"][0]["reasons"]


def test_an_unknown_pipeline_or_no_key_is_told_before_any_line(client: TestClient) -> None:
    assert client.post("/v1/score/stream?pipeline=nobody", content=b"{}").status_code == 404
    assert client.post("/v1/score/stream", content=b"{}").status_code == 422
    other = client.post(ASKED, content=b"{}", headers={"Authorization": ""})
    assert other.status_code == 401
