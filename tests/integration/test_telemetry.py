"""What the service says of itself: request ids, lines of the log, metrics."""

import re
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from data.database import open_database
from data.settings import Settings
from serving.api.app import create_app
from serving.security import create_key
from tests import company

NOW = company.END


@pytest.fixture(scope="module")
def client(company: Settings) -> Iterator[TestClient]:
    engine = open_database(company)
    key = create_key(engine, "metrics", ["score", "read"], NOW)
    engine.dispose()
    app = create_app(company, clock=lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def test_a_request_keeps_its_id_and_a_problem_tells_it(client: TestClient) -> None:
    answer = client.get("/v1/nothing", headers={"X-Request-ID": "crm-17.a_b"})
    assert answer.headers["X-Request-ID"] == "crm-17.a_b"
    assert answer.json()["request_id"] == "crm-17.a_b"
    for wrong in ("", "x" * 65, 'a"b', "a b"):
        given = client.get("/health", headers={"X-Request-ID": wrong}).headers["X-Request-ID"]
        assert re.fullmatch(r"[0-9a-f]{16}", given)


def test_a_request_is_one_line_of_the_log_by_its_route(client: TestClient) -> None:
    with capture_logs() as lines:
        client.get("/v1/lists/2026-03-02?pipeline=sales")
    (line,) = [one for one in lines if one["event"] == "request"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/lists/{week}", 404)


def sample(client: TestClient, name: str, **labels: str) -> float:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return sum(
        one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
        if one.name == name and labels.items() <= one.labels.items()
    )


def test_scores_are_counted_by_step_bundle_and_status(client: TestClient) -> None:
    body = {"pipeline": "sales", "records": company.records(company.history())[:4]}
    before = sample(client, "dealcast_score_count", pipeline="sales")
    wrong = {"route": "/v1/score", "status": "422"}
    refused = sample(client, "dealcast_requests_total", **wrong)
    bundle = client.post("/v1/score", json=body).json()["scores"][0]["bundle"]
    assert client.post("/v1/score", json={}).status_code == 422
    assert sample(client, "dealcast_score_count", pipeline="sales") == before + 4
    assert sample(client, "dealcast_requests_total", **wrong) == refused + 1
    for step in ("records", "features", "model", "tell"):
        assert sample(client, "dealcast_step_seconds_count", step=step) > 0
    assert sample(client, "dealcast_bundle_as_of_seconds", bundle=bundle) > 1.7e9
    assert client.get("/metrics", headers={"Authorization": ""}).status_code == 401
