"""The scoring interface, over HTTP as a CRM speaks it."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from data import plans
from data.contract import TABLES
from data.database import open_database
from data.moments import DAY, iso
from data.settings import Settings
from data.tables import open_tables
from serving.api.app import create_app
from serving.api.deal_score import DealScore
from serving.api.forms import ScoreRequest
from serving.api.scoring import Answered, Question, answer
from serving.champions import Champions
from serving.security import create_key
from tests import company

NOW = company.END


@pytest.fixture(scope="module")
def client(company: Settings) -> Iterator[TestClient]:
    engine = open_database(company)
    key = create_key(engine, "test", ["score", "read"], NOW)
    engine.dispose()
    app = create_app(company, clock=lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return company.records(company.history())


def scored(client: TestClient, records: list[dict[str, Any]], **asked: Any) -> list[dict[str, Any]]:
    answer = client.post("/v1/score", json={"pipeline": company.NAME, "records": records, **asked})
    assert answer.status_code == 200, answer.text
    scores: list[dict[str, Any]] = answer.json()["scores"]
    return scores


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    return document


def test_the_first_score_after_a_start_builds_no_query(
    company: Settings, records: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    champions = Champions(company.bundles)
    (name,) = champions.pipelines()
    champions.scorer(name)
    monkeypatch.setattr(plans, "_Query", None)
    body = {"pipeline": name, "records": records[:3]}
    request = ScoreRequest.model_validate_json(json.dumps(body))
    (answered,) = answer(champions, [Question(request, NOW)])
    assert isinstance(answered, Answered)
    assert len(json.loads(answered.content)["scores"]) == 3


def test_answers_have_the_form_that_is_described(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    asked = {"reasons": True, "trend": True, "won_by": ["2031-01-01"]}
    ids = [record["deal"]["deal_id"] for record in records[:5]]
    by_id = client.post(f"/v1/pipelines/{company.NAME}/deals/score", json={"deal_ids": ids})
    standing = client.post(
        f"/v1/pipelines/{company.NAME}/deals/score",
        json={"deal_ids": ids, "won_by": ["2031-01-01"], "days_ahead": [3]},
    )
    told = scored(client, records[:5], **asked) + scored(client, records[:5])
    told += by_id.json()["scores"] + standing.json()["scores"]
    assert len(told) == 20
    for one in told:
        described = DealScore.model_validate(one).model_dump(by_alias=True)
        assert json.dumps(one) == json.dumps(described)  # in the same order, too


def test_whole_records_score_as_the_same_deals_do_in_a_batch(
    client: TestClient, records: list[dict[str, Any]], company: Settings
) -> None:
    engine = open_database(company)
    tables = open_tables(engine, "sales")
    engine.dispose()
    batch = Champions(company.bundles, threads=2).scorer("sales").score(tables, NOW)
    expected = batch.at([7, 28, 56])
    said = pl.DataFrame(
        [
            {"deal_id": score["deal_id"], **chance}
            for score in scored(client, records)
            for chance in score["chances"]
        ]
    ).sort("deal_id", "days_ahead")
    assert said["deal_id"].to_list() == expected["deal_id"].to_list()
    for column in ("p_won", "p_lost"):
        np.testing.assert_allclose(said[column], expected[column], rtol=0, atol=1e-12)
    assert said["p_won"].std() > 0.01  # deals differ, so agreement means something


def test_a_deal_scores_the_same_alone_and_among_others(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    together = scored(client, records, reasons=True)
    alone = [scored(client, [record], reasons=True)[0] for record in records[:5]]
    for one, other in zip(alone, together, strict=False):
        effects = [[reason.pop("effect") for reason in score["reasons"]] for score in (one, other)]
        assert effects[0] == pytest.approx(effects[1], abs=1e-12)
        assert one.pop("parts") == pytest.approx(other.pop("parts"), abs=1e-12)
    assert alone == together[:5]


def test_the_order_of_the_request_is_the_order_of_the_answer(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    backwards = scored(client, records[::-1])
    assert backwards == scored(client, records)[::-1]


def test_facts_later_than_as_of_change_nothing(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    later = iso(NOW + DAY)
    told = [
        record
        | {
            "changes": [*record["changes"], {"field": "stage", "at": later, "value": "close"}],
            "activities": [
                *record["activities"],
                {"kind": "call", "at": iso(NOW - DAY), "recorded_at": later},
            ],
            "deal": record["deal"] | {"outcome": "won", "closed_at": later},
        }
        for record in records
    ]
    assert scored(client, told) == scored(client, records)


def test_a_score_says_all_that_it_should(client: TestClient, records: list[dict[str, Any]]) -> None:
    (score,) = scored(client, records[:1], reasons=True, days_ahead=[1, 14])
    assert score["as_of"] == iso(NOW)
    assert score["served_by"] == "model"
    assert score["bundle"].startswith("sales-")
    assert score["stage"] in ("qualify", "offer", "close")
    assert [chance["days_ahead"] for chance in score["chances"]] == [1, 14]
    close = score["expected_close"]
    assert iso(NOW)[:10] <= close["from"] <= close["median"] <= close["to"]
    end = score["expected_end"]
    assert iso(NOW)[:10] <= end["from"] <= end["median"] <= end["to"]
    assert score["score"] == round(100 * score["eventually"]["p_won"])
    assert score["grade"] in ("A", "B", "C", "D")
    assert score["won_by"] == []
    assert sorted(score["parts"]) == ["engagement", "fit", "people", "process"]
    assert 0 < len(score["reasons"]) <= 6
    assert all(reason["zh"] and reason["en"] for reason in score["reasons"])
    (unexplained,) = scored(client, records[:1])
    assert unexplained["parts"] is None
    assert unexplained["reasons"] is None


def test_the_trend_of_whole_records_is_that_of_a_batch(
    client: TestClient, records: list[dict[str, Any]], company: Settings
) -> None:
    engine = open_database(company)
    tables = open_tables(engine, "sales")
    engine.dispose()
    batch = Champions(company.bundles).scorer("sales").score(tables, NOW, trend_days=7).graded()
    trends = {score["deal_id"]: score["trend"] for score in scored(client, records, trend=True)}
    assert trends == dict(batch.select("deal_id", "trend").iter_rows())
    assert {score["trend"] for score in scored(client, records)} == {None}


def test_any_date_to_come_has_a_chance(client: TestClient, records: list[dict[str, Any]]) -> None:
    """A date is read at its end: seven days after midnight is when 8 March is over."""
    dates = ["2026-03-08", "2026-03-03", "2026-12-31", "2300-01-01", "9999-12-31"]
    for score in scored(client, records, days_ahead=[2, 7, 3_000], won_by=dates):
        by = {one.pop("date"): one for one in score["won_by"]}
        assert list(by) == sorted(dates)
        told = {one.pop("days_ahead"): one for one in score["chances"]}
        assert by["2026-03-08"] == pytest.approx(told[7], abs=1e-12)
        assert by["2026-03-03"] == pytest.approx(told[2], abs=1e-12)
        assert by["9999-12-31"] == pytest.approx(score["eventually"], abs=1e-9)
        for name in ("p_won", "p_lost"):
            rises = [one[name] for one in by.values()]
            assert rises == sorted(rises)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"surprise": 1}, "surprise"),
        ({"as_of": "yesterday"}, "as_of"),
        ({"as_of": 1_700_000_000}, "as_of"),
        ({"as_of": "9999-12-31"}, "as_of"),
        ({"days_ahead": [9_000]}, "days_ahead.0"),
        ({"won_by": [iso(NOW)[:10]]}, "won_by.0"),
        ({"won_by": ["soon"]}, "won_by.0"),
        ({"won_by": [20_300]}, "won_by.0"),
        ({"records": []}, "records"),
        ({"records": [{"deal": {"deal_id": "d"}}]}, "records.0.deal.created_at"),
        (
            {"records": [{"deal": {"deal_id": "x" * 201, "created_at": "2026-01-01"}}]},
            "records.0.deal.deal_id",
        ),
        (
            {"records": [{"deal": {"deal_id": "d", "created_at": "2026-01-01", "amount": "9"}}]},
            "records.0.deal.amount",
        ),
        (
            {"records": [{"deal": {"deal_id": "d", "created_at": "2027-01-01"}}]},
            "records.0.deal",
        ),
        (
            {
                "records": [
                    {"deal": {"deal_id": "d", "created_at": "2026-01-01", "attributes": {"a": 1}}}
                ]
            },
            "records.0.deal.attributes.a",
        ),
        (
            {
                "records": [
                    {
                        "deal": {"deal_id": "d", "created_at": "2026-01-01"},
                        "changes": [{"field": "amount", "at": "2026-01-02", "value": "much"}],
                    }
                ]
            },
            "records.0.changes.value",
        ),
        (
            {"records": [{"deal": {"deal_id": "d", "created_at": "2026-01-01"}, "account": {}}]},
            "records.0.deal.account_id",
        ),
    ],
)
def test_what_is_wrong_is_named(
    client: TestClient, records: list[dict[str, Any]], change: dict[str, Any], field: str
) -> None:
    body = {"pipeline": company.NAME, "records": records[:1], **change}
    document = problem(client.post("/v1/score", json=body), 422)
    assert document["field"] == field
    assert document.get("remedy") or document.get("allowed")


@pytest.mark.parametrize("wrong", ["31.03.2026", 20_300, None])
def test_a_date_that_is_none_is_quoted_with_how_to_write_one(
    client: TestClient, records: list[dict[str, Any]], wrong: object
) -> None:
    body = {"pipeline": company.NAME, "records": records[:1], "won_by": [wrong]}
    document = problem(client.post("/v1/score", json=body), 422)
    assert document["value"] == repr(wrong)
    assert "YYYY-MM-DD" in document["allowed"]


@pytest.mark.parametrize(
    ("field", "remedy"),
    [("Stage", "did you mean stage"), ("next step", "leave it out"), ("outcome", "leave it out")],
)
def test_a_change_of_a_field_that_the_pipeline_does_not_have_is_refused(
    client: TestClient, records: list[dict[str, Any]], field: str, remedy: str
) -> None:
    change = {"field": field, "at": "2026-02-20T00:00:00Z", "value": "offer"}
    told = [records[0], records[1] | {"changes": [*records[1]["changes"], change]}]
    document = problem(client.post("/v1/score", json={"pipeline": "sales", "records": told}), 422)
    assert document["field"] == f"records.1.changes.{len(records[1]['changes'])}.field"
    assert document["value"] == repr(field)
    assert document["allowed"] == "stage, amount, owner_id, expected_close_at"
    assert document["remedy"].startswith(remedy)


def test_an_amount_below_nought_is_scored_and_said(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    change = {"field": "amount", "at": records[1]["deal"]["created_at"], "value": "-7"}
    deal = records[0] | {"deal": records[0]["deal"] | {"amount": -5}}
    later = records[1] | {"changes": [*records[1].get("changes", []), change]}
    answer = client.post("/v1/score", json={"pipeline": "sales", "records": [deal, later]})
    (warned,) = answer.json()["warnings"]
    assert warned["title"].startswith("amounts below 0 (2)")
    assert (warned["field"], warned["value"]) == ("records.0.deal.amount", "-5.0")


def test_a_stage_never_seen_is_scored_as_another_one_and_said(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    def asked(stage: str) -> dict[str, Any]:
        change = {"field": "stage", "at": iso(NOW - DAY), "value": stage}
        record = records[0] | {"changes": [*records[0]["changes"], change]}
        body = {"pipeline": "sales", "records": [record]}
        answer: dict[str, Any] = client.post("/v1/score", json=body).json()
        return answer

    new, other, known = asked("Offer"), asked("legal"), asked("offer")
    (warned,) = new["warnings"]
    assert warned["field"] == f"records.0.changes.{len(records[0]['changes'])}.value"
    assert (warned["value"], warned["allowed"]) == ("Offer", "qualify, offer, close")
    assert warned["remedy"] == "did you mean offer?"
    assert other["warnings"][0]["remedy"].startswith("train again")
    assert known["warnings"] == []
    assert new["scores"][0]["chances"] == other["scores"][0]["chances"]  # neither is a word it has
    assert new["scores"][0]["stage"] == "Offer"


def test_one_deal_twice_is_refused(client: TestClient, records: list[dict[str, Any]]) -> None:
    other = records[0] | {"deal": records[0]["deal"] | {"title": "another"}}
    answer = client.post("/v1/score", json={"pipeline": "sales", "records": [records[0], other]})
    assert problem(answer, 422)["field"] == "records.1.deal.deal_id"


def test_a_past_that_the_bundle_has_seen_the_sequel_of_is_refused_unless_allowed(
    client: TestClient,
) -> None:
    past = NOW - 30 * DAY
    body = {
        "pipeline": "sales",
        "as_of": iso(past),
        "records": company.records(company.history(), past),
    }
    document = problem(client.post("/v1/score", json=body), 422)
    assert document["field"] == "as_of"
    assert "--allow-later-bundle" in document["remedy"]
    assert "allow_later_bundle" in document["remedy"]
    assert client.post("/v1/score", json=body | {"allow_later_bundle": True}).status_code == 200


def test_an_unknown_pipeline_is_not_found(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    for name, status in (("nobody", 404), ("../sales", 422), ("sales\x00", 422)):
        answer = client.post("/v1/score", json={"pipeline": name, "records": records[:1]})
        assert problem(answer, status)["field"] == "pipeline"


def test_a_body_over_the_limit_is_413(client: TestClient) -> None:
    answer = client.post(
        "/v1/score", content=b"[" * 1_000_001, headers={"Content-Type": "application/json"}
    )
    problem(answer, 413)
    chunks = (b"[" * 100_000 for _ in range(11))  # no Content-Length tells of this one
    problem(
        client.post("/v1/score", content=chunks, headers={"Content-Type": "application/json"}), 413
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"null", 422),
        (b"[" * 100_000, 422),
        (b'{"pipeline": ' + b"[" * 100_000, 422),
        (b'{"pipeline": "\xff"}', 422),
        (b'{"pipeline": "\\ud800", "records": [{}]}', 422),
        (b'{"\\ud800": 1}', 422),
        (b'{"pipeline": "sales", "records": NaN}', 422),
        (b'{"pipeline": "sales", "days_ahead": [1e999]}', 422),
        (b'{"pipeline": ' + b"9" * 5_000 + b"}", 422),
    ],
)
def test_broken_bodies_are_the_callers_fault(client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/v1/score", content=body, headers={"Content-Type": "application/json"})
    problem(answer, status)


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        (b'{"pipeline": "sales", "rec', "application/json", "body"),
        (b'{"pipeline": ' + b"9" * 5_000, "application/json", "body"),
        (b'{"pipeline": "sales"}', "application/x-www-form-urlencoded", "Content-Type"),
        (b'{"pipeline": "sales"}', "application/vnd.crm+json; charset=utf-8", "records"),
    ],
)
def test_a_body_that_is_no_json_is_told_why(
    client: TestClient, body: bytes, kind: str, field: str
) -> None:
    told = problem(client.post("/v1/score", content=body, headers={"Content-Type": kind}), 422)
    assert told["field"] == field


def test_a_packed_body_is_told_to_be_sent_as_it_is(client: TestClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    told = problem(client.post("/v1/score", content=gzip.compress(b"{}"), headers=headers), 422)
    assert (told["field"], told["value"]) == ("Content-Encoding", "'gzip'")


@pytest.mark.parametrize(
    ("method", "path", "field", "remedy"),
    [
        ("GET", "/v1/lists/latest?pipeline=sales&limt=1", "limt", "did you mean limit?"),
        ("POST", "/v1/score?pipline=sales", "pipline", "leave it out; /docs has all words"),
    ],
)
def test_a_word_that_the_path_does_not_take_is_refused(
    client: TestClient, method: str, path: str, field: str, remedy: str
) -> None:
    told = problem(client.request(method, path), 422)
    assert (told["field"], told["remedy"]) == (field, remedy)


def test_numbers_that_are_none_are_refused(
    client: TestClient, records: list[dict[str, Any]]
) -> None:
    for number in ("NaN", "Infinity", "-Infinity", "1e400", "1e16"):
        deal = records[0]["deal"] | {"amount": "@"}
        body = json.dumps({"pipeline": "sales", "records": [{"deal": deal}]})
        answer = client.post(
            "/v1/score",
            content=body.replace('"@"', number),
            headers={"Content-Type": "application/json"},
        )
        assert problem(answer, 422)["field"] == "records.0.deal.amount"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_malformed_record_is_a_fault_of_ours(
    client: TestClient, records: list[dict[str, Any]], data: st.DataObject
) -> None:
    record = json.loads(json.dumps(records[0]))
    part = data.draw(st.sampled_from(sorted(record)))
    target = record[part][0] if isinstance(record[part], list) else record[part]
    target[data.draw(st.sampled_from([*sorted(target), "recorded_at", "seq"]))] = data.draw(_json)
    body = json.dumps({"pipeline": "sales", "records": [record]})
    answer = client.post("/v1/score", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 400, 422), answer.text


def test_errors_of_routing_are_problems_too(client: TestClient) -> None:
    assert "/docs" in problem(client.get("/v1/nothing"), 404)["remedy"]
    wrong = client.get("/v1/score")
    assert problem(wrong, 405)["allowed"] == wrong.headers["allow"] == "POST"


def test_the_interface_describes_itself(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/health",
        "/ready",
        "/v1/pipelines",
        "/metrics",
        "/v1/audit",
        "/v1/score",
        "/v1/score/stream",
        "/v1/lists/{week}",
        "/v1/lists/{week}/actions",
        "/v1/lists/{week}/others",
        "/v1/lists/{week}/items/{deal_id}/actions",
        "/v1/ledger",
        *(
            f"/v1/pipelines/{{pipeline}}/{name}"
            for name in ("attainment", "forecast", "funnel", "model", "reviews", "sources")
        ),
        "/v1/pipelines/{pipeline}/deals/score",
        "/v1/pipelines/{pipeline}/deals/{deal_id}/score",
        "/v1/pipelines/{pipeline}/deals/{deal_id}",
        "/v1/pipelines/{pipeline}/contacts/{contact_id}",
        "/v1/webhooks",
        "/v1/webhooks/{webhook_id}",
        "/v1/webhooks/{webhook_id}/deliveries",
        "/v1/webhooks/{webhook_id}/redeliver",
        *(f"/v1/records/{name}" for name in TABLES),
    }
    errors = document["paths"]["/v1/score"]["post"]["responses"]
    assert set(errors) == {"200", "401", "403", "404", "413", "422", "429", "503"}
    deal = document["components"]["schemas"]["Deals"]
    assert deal["required"] == ["deal_id", "created_at"]
    assert deal["properties"]["created_at"]["format"] == "date-time"
