"""Facts pushed over HTTP: durable, in any order, seen by the next score."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from data.bulk import pushing, read
from data.database import contract_tables, open_database
from data.moments import DAY, iso
from data.push import push
from data.settings import Settings
from data.standing import observed
from serving.access.reach import Reach
from serving.api.frames import raw_rows
from serving.security import create_key
from tests import company
from tests.pushing import NOW, Clock, put, serving, settled

OPEN = [record["deal"]["deal_id"] for record in company.records(company.history())]


@pytest.fixture
def client(settings: Settings, company: Settings) -> Iterator[TestClient]:
    with serving(settled(settings, company)) as client:
        yield client


def stood(client: TestClient, deal_ids: list[str]) -> dict[str, Any]:
    answer = client.post("/v1/pipelines/sales/deals/score", json={"deal_ids": deal_ids})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def call(deal: str, name: str, at: int = NOW - DAY) -> dict[str, Any]:
    return {"deal_id": deal, "kind": "call", "at": iso(at), "activity_id": name}


def test_a_pushed_fact_is_scored_at_once_and_once(client: TestClient) -> None:
    deal = OPEN[0]
    before = stood(client, [deal])["scores"][0]
    calls = [call(deal, f"new-{n}", NOW - n * DAY // 8) for n in range(8)]
    first = put(client, "activities", calls, key="one")
    assert (first["accepted"], first["changed"], first["unchanged"]) == (8, 0, 0)
    assert [one["deal_id"] for one in first["rescored"]] == [deal]
    after = stood(client, [deal])["scores"][0]
    assert after["eventually"] != before["eventually"]
    assert {"deal_id": deal, "score": after["score"], "grade": after["grade"]} in first["rescored"]
    again = put(client, "activities", calls)
    assert (again["accepted"], again["changed"], again["unchanged"]) == (0, 0, 8)
    assert stood(client, [deal])["scores"][0] == after
    # the same key: the first answer, and nothing is done; with another body it is a mistake
    assert put(client, "activities", calls, key="one") == first
    body = {"pipeline": "sales", "rows": calls[:1]}
    other = client.put("/v1/records/activities", json=body, headers={"Idempotency-Key": "one"})
    assert other.status_code == 422
    assert other.json()["field"] == "Idempotency-Key"


def test_one_wrong_row_refuses_all_unless_asked_otherwise(client: TestClient) -> None:
    wrong = {"deal_id": OPEN[0], "field": "amount", "at": iso(NOW - DAY), "value": "much"}
    right = wrong | {"value": "7", "deal_id": OPEN[1]}
    body = {"pipeline": "sales", "rows": [right, wrong]}
    answer = client.put("/v1/records/changes", json=body)
    assert answer.status_code == 422
    assert answer.json()["field"] == "rows.1.value"
    assert put(client, "changes", [right])["accepted"] == 1  # so it was not taken before
    taken = put(client, "changes", [right, wrong], partial=True)
    assert taken["unchanged"] == 1
    assert [(one["row"], one["field"]) for one in taken["refused"]] == [(1, "value")]


def test_a_deal_that_closes_leaves_and_an_older_row_does_not_open_it_again(
    client: TestClient,
) -> None:
    deal = OPEN[0]
    created = iso(NOW - 60 * DAY)
    stood(client, [deal])
    won = {"deal_id": deal, "created_at": created, "outcome": "won", "closed_at": iso(NOW - 9)}
    assert put(client, "deals", [won])["rescored"] == []
    assert stood(client, [deal]) == {"scores": [], "not_open": [{"deal_id": deal, "why": "won"}]}
    late = put(client, "deals", [{"deal_id": deal, "created_at": created, "title": "late"}])
    assert (late["older"], late["changed"]) == (1, 0)
    # opened again, and said so: an even later copy of the closing changes nothing
    anew = {"deal_id": deal, "created_at": created, "observed_at": iso(NOW - 5)}
    assert put(client, "deals", [anew])["changed"] == 1
    assert put(client, "deals", [won])["older"] == 1
    assert [one["deal_id"] for one in stood(client, [deal])["scores"]] == [deal]


def test_what_may_not_have_been_meant_is_told(client: TestClient) -> None:
    begun = {"deal_id": "new", "created_at": iso(NOW - 9 * DAY), "stage": company.STAGES[0]}
    assert put(client, "deals", [begun])["warnings"] == []
    assert put(client, "deals", [begun])["warnings"] == []
    # without observed_at a stage is the one at creation: it replaces what the deal began with
    (replaced,) = put(client, "deals", [begun | {"stage": company.STAGES[1]}])["warnings"]
    assert "observed_at" in replaced["remedy"]
    seen = begun | {"stage": company.STAGES[-1], "observed_at": iso(NOW - DAY)}
    assert put(client, "deals", [seen])["warnings"] == []
    # a closing of a moment before that is passed over, and says so
    ended = {"deal_id": "new", "created_at": iso(NOW - 9 * DAY), "outcome": "lost"}
    ended["closed_at"] = iso(NOW - 2 * DAY)
    told = put(client, "deals", [ended])
    assert told["older"] == 1
    assert [one["value"] for one in told["warnings"]] == ["new"]
    assert put(client, "deals", [ended | {"observed_at": iso(NOW)}])["warnings"] == []
    assert stood(client, ["new"])["not_open"] == [{"deal_id": "new", "why": "lost"}]
    # nor is it a warning that an old copy does not close a deal again
    assert put(client, "deals", [ended])["warnings"] == []


@pytest.mark.parametrize("wrong", ["closed_at", "closed_recorded_at"])
def test_a_moment_typed_into_the_future_is_put_right(client: TestClient, wrong: str) -> None:
    closed = {"deal_id": "typo", "created_at": iso(NOW - 9 * DAY), "outcome": "won"}
    closed |= {"closed_at": iso(NOW - DAY)}
    (warning,) = put(client, "deals", [closed | {wrong: iso(NOW + 365 * DAY)}])["warnings"]
    assert warning["field"] == f"rows.0.{wrong}"
    put_right = put(client, "deals", [closed])
    assert (put_right["older"], put_right["warnings"]) == (0, [])
    assert stood(client, ["typo"])["not_open"] == [{"deal_id": "typo", "why": "won"}]
    # and from then on it stands as any other does
    late = put(client, "deals", [closed | {"closed_at": iso(NOW - 2 * DAY)}])
    assert late["older"] == 1
    assert "closings were passed over" in late["warnings"][0]["title"]


def test_an_activity_that_moves_to_another_deal_is_told_and_both_are_rescored(
    client: TestClient,
) -> None:
    put(client, "activities", [call(OPEN[0], "moves")])
    told = put(client, "activities", [call(OPEN[1], "moves")])
    assert [one["deal_id"] for one in told["rescored"]] == sorted(OPEN[:2])
    assert [one["value"] for one in told["warnings"]] == [OPEN[0]]
    assert put(client, "activities", [call(OPEN[1], "moves")])["warnings"] == []


def test_many_pushes_at_once_are_all_taken(client: TestClient) -> None:
    body = [{"pipeline": "sales", "rows": [call(OPEN[n % 9], f"{n}")]} for n in range(48)]
    with ThreadPoolExecutor(48) as callers:
        answers = list(
            callers.map(lambda one: client.put("/v1/records/activities", json=one), body)
        )
    assert {one.status_code for one in answers} == {200}


def test_a_deal_may_be_called_as_orders_are(client: TestClient) -> None:
    name = "SO/2026/17 ü?#%/score"
    put(client, "deals", [{"deal_id": name, "created_at": iso(NOW - DAY)}])
    path = f"/v1/pipelines/sales/deals/{quote(name, safe='')}"
    told = client.get(f"{path}/score")
    assert told.json()["deal_id"] == name
    head = client.head(f"{path}/score")
    assert (head.status_code, head.headers["etag"]) == (200, told.headers["etag"])
    assert client.delete(path).json()["rows"]["deals"] == 1
    assert client.get(f"{path}/score").status_code == 404


def test_what_was_seen_in_the_future_is_refused(client: TestClient) -> None:
    row = {"deal_id": OPEN[0], "created_at": iso(NOW - 9 * DAY), "observed_at": iso(NOW + 2 * DAY)}
    answer = client.put("/v1/records/deals", json={"pipeline": "sales", "rows": [row]})
    assert answer.status_code == 422
    assert answer.json()["field"] == "rows.0.observed_at"
    assert iso(NOW + 2 * DAY) in answer.json()["value"]
    soon = row | {"observed_at": iso(NOW + DAY)}  # a zone that was left out
    assert put(client, "deals", [soon, row | {"deal_id": "x"}], partial=True)["changed"] == 1


def test_a_deal_created_in_the_future_is_put_right(client: TestClient) -> None:
    begun = {"deal_id": "typo", "created_at": iso(NOW + 365 * DAY), "stage": company.STAGES[0]}
    put(client, "deals", [begun])
    assert stood(client, ["typo"])["scores"] == []
    assert put(client, "deals", [begun | {"created_at": iso(NOW - DAY)}])["changed"] == 1
    (told,) = stood(client, ["typo"])["scores"]
    assert told["stage"] == company.STAGES[0]


@pytest.mark.parametrize(
    ("status", "said"), [("done", 1), ("started", 1), ("planned", 0), ("cancelled", 0), (None, 1)]
)
def test_what_was_done_in_days_to_come_is_taken_and_said(
    client: TestClient, status: str | None, said: int
) -> None:
    row = {"deal_id": OPEN[0], "kind": "call", "at": iso(NOW + 300 * DAY)}
    told = put(client, "activities", [row | ({"status": status} if status else {})])
    assert told["accepted"] == 1
    assert [one["field"] for one in told["warnings"]] == ["rows.0.at"] * said


@pytest.mark.parametrize(
    ("table", "row", "field"),
    [
        ("deals", {"created_at": iso(NOW - DAY), "stage": "Ofer"}, "rows.0.stage"),
        ("changes", {"field": "stage", "at": iso(NOW - DAY), "value": "Ofer"}, "rows.0.value"),
    ],
)
def test_a_stage_never_seen_is_taken_and_said(
    client: TestClient, table: str, row: dict[str, Any], field: str
) -> None:
    told = put(client, table, [row | {"deal_id": OPEN[0]}])
    assert told["accepted"] + told["changed"] == 1
    assert field in [one["field"] for one in told["warnings"] if one["value"] == "Ofer"]


@pytest.mark.parametrize(
    ("table", "row", "field"),
    [
        ("deals", {"created_at": iso(NOW - DAY), "amount": -5.0}, "amount"),
        ("deals", {"created_at": iso(NOW + 2 * DAY)}, "created_at"),
        ("changes", {"field": "amount", "at": iso(NOW - DAY), "value": "-5"}, "value"),
        (
            "changes",
            {"field": "amount", "at": iso(NOW), "recorded_at": iso(NOW + 2 * DAY)},
            "recorded_at",
        ),
    ],
)
def test_what_can_hardly_be_so_is_taken_and_said(
    client: TestClient, table: str, row: dict[str, Any], field: str
) -> None:
    good = {"deal_id": "odd", "created_at": iso(NOW - DAY)} if table == "deals" else None
    rows = [one for one in (good, row | {"deal_id": "odd 1"}) if one]
    told = put(client, table, rows)
    assert told["accepted"] == len(rows)
    assert [one["field"] for one in told["warnings"]] == [f"rows.{len(rows) - 1}.{field}"]


def test_a_table_that_is_none_is_told_with_those_there_are(client: TestClient) -> None:
    answer = client.put("/v1/records/deal", json={"pipeline": "sales", "rows": []})
    assert answer.status_code == 404
    assert answer.json()["remedy"] == "did you mean deals?"


def test_rows_that_are_wrong_are_a_bad_input(client: TestClient) -> None:
    row = {"deal_id": OPEN[0], "field": "amount", "at": iso(NOW - DAY), "value": "much"}
    answer = client.put("/v1/records/changes", json={"pipeline": "sales", "rows": [row]})
    assert answer.json()["type"] == "urn:dealcast:problem:BadInput"


def test_a_fact_may_come_before_its_deal(client: TestClient) -> None:
    stage = {"deal_id": "new", "field": "stage", "at": iso(NOW - DAY), "value": "offer"}
    first = put(client, "changes", [stage])
    assert (first["waiting"], first["rescored"]) == (["new"], [])
    second = put(client, "deals", [{"deal_id": "new", "created_at": iso(NOW - DAY)}])
    assert [one["deal_id"] for one in second["rescored"]] == ["new"]
    assert stood(client, ["new"])["scores"][0]["stage"] == "offer"


def test_what_is_said_of_an_account_or_an_owner_rescores_their_deals(client: TestClient) -> None:
    account = put(client, "accounts", [{"account_id": "a7", "industry": "steel"}])
    assert account["changed"] == 1
    put(client, "activities", [call(OPEN[0], "x")])
    owner = put(client, "owners", [{"owner_id": "o0", "name": "S", "team": "U"}])
    mine = [one["deal_id"] for one in owner["rescored"]]
    assert all(int(one[1:]) % 4 == 0 for one in mine)


def test_words_the_pipeline_does_not_have_are_refused(client: TestClient) -> None:
    row = {"deal_id": OPEN[0], "field": "stag", "at": iso(NOW - DAY), "value": "offer"}
    answer = client.put("/v1/records/changes", json={"pipeline": "sales", "rows": [row]})
    assert answer.status_code == 422
    assert "did you mean stage" in answer.json()["remedy"]
    answer = client.put("/v1/records/deals", json={"pipeline": "sales", "rows": [{"id": "x"}]})
    assert answer.status_code == 422
    answer = client.put("/v1/records/changes", json={"pipeline": "nobody", "rows": [row]})
    assert answer.status_code == 404


def test_a_clock_that_goes_back_is_refused(tmp_path: Any, company: Settings) -> None:
    clock = Clock()
    with serving(settled(Settings(workspace=tmp_path), company), clock) as client:
        put(client, "activities", [call(OPEN[0], "x")])
        clock.now -= DAY
        body = {"pipeline": "sales", "rows": [call(OPEN[0], "y")]}
        answer = client.put("/v1/records/activities", json=body)
        assert answer.status_code == 503
        assert "clock went back" in answer.json()["title"]
        assert answer.headers["Retry-After"]


def test_a_key_that_sees_a_team_may_not_write(tmp_path: Any, company: Settings) -> None:
    workspace = settled(Settings(workspace=tmp_path), company)
    engine = open_database(workspace)
    key = create_key(engine, "t", ["write", "score"], NOW, reach=Reach("team", "other"))
    engine.dispose()
    with serving(workspace) as client:
        headers = {"Authorization": f"Bearer {key}"}
        body = {"pipeline": "sales", "rows": [call(OPEN[0], "y")]}
        assert client.put("/v1/records/activities", json=body, headers=headers).status_code == 403
        asked = {"deal_ids": OPEN[:2]}
        answer = client.post("/v1/pipelines/sales/deals/score", json=asked, headers=headers)
        assert {one["why"] for one in answer.json()["not_open"]} == {"not known"}
        assert answer.json()["scores"] == []


FACTS: list[tuple[str, dict[str, Any]]] = [
    ("deals", {"deal_id": "a", "created_at": 10, "title": "first"}),
    ("deals", {"deal_id": "a", "created_at": 10, "title": "second", "observed_at": 40}),
    (
        "deals",
        {"deal_id": "a", "created_at": 10, "outcome": "won", "closed_at": 50, "title": "won"},
    ),
    ("deals", {"deal_id": "a", "created_at": 10, "observed_at": 60, "stage": "offer"}),
    ("deals", {"deal_id": "b", "created_at": 20}),
    ("changes", {"deal_id": "a", "field": "stage", "at": 11, "value": "qualify"}),
    ("changes", {"deal_id": "a", "field": "stage", "at": 12, "value": "offer"}),
    ("changes", {"deal_id": "a", "field": "stage", "at": 12, "value": "close", "recorded_at": 13}),
    ("changes", {"deal_id": "b", "field": "amount", "at": 21, "value": "5"}),
    ("activities", {"deal_id": "a", "kind": "call", "at": 15}),
    ("activities", {"deal_id": "a", "kind": "call", "at": 15, "activity_id": "x"}),
    (
        "activities",
        {"deal_id": "b", "kind": "call", "at": 15, "activity_id": "x", "recorded_at": 16},
    ),
    # typed into the future: whatever else is said of the same stands
    ("deals", {"deal_id": "b", "created_at": 20, "outcome": "lost", "closed_at": NOW + 90 * DAY}),
    (
        "deals",
        {
            **{"deal_id": "b", "created_at": 20, "outcome": "won"},
            **{"closed_at": NOW + 3 * DAY, "observed_at": NOW},
        },
    ),
    ("deals", {"deal_id": "b", "created_at": 20, "outcome": "won", "closed_at": 70}),
    ("activities", {"deal_id": "b", "kind": "call", "at": NOW + 9 * DAY, "activity_id": "x"}),
    ("checklist", {"deal_id": "b", "item": "budget", "at": 30, "status": "W"}),
    ("checklist", {"deal_id": "b", "item": "budget", "at": 31, "status": "C"}),
    ("contacts", {"deal_id": "b", "contact_id": "p", "at": 30, "role": "user"}),
    ("contacts", {"deal_id": "b", "contact_id": "p", "at": 35, "role": "coach"}),
    ("accounts", {"account_id": "c", "recorded_at": 5, "name": "old"}),
    ("accounts", {"account_id": "c", "recorded_at": 6, "name": "new"}),
]


def pushed(database: sa.Engine, facts: list[tuple[str, dict[str, Any]]]) -> dict[str, pl.DataFrame]:
    """Push facts one by one into an empty database and return its tables."""
    with pushing(database) as transaction:
        for known in (*contract_tables.values(), observed):
            transaction.execute(sa.delete(known))
        for table, row in facts:
            raw = raw_rows(table, [row], company.PIPELINE)
            assert push(transaction, table, raw, company.PIPELINE, NOW).rejects.is_empty()
        return {
            name: read(transaction, sa.select(table)).sort(pl.all())
            for name, table in contract_tables.items()
        }


@given(
    order=st.permutations(FACTS), again=st.lists(st.sampled_from(FACTS), max_size=6), at=st.data()
)
@hypothesis_settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_and_any_repetition_lead_to_the_same_tables(
    database: sa.Engine, order: list[Any], again: list[Any], at: st.DataObject
) -> None:
    facts = list(order)
    for one in again:
        facts.insert(at.draw(st.integers(0, len(facts))), one)
    expected = pushed(database, FACTS)
    said = pushed(database, facts)
    for name, frame in expected.items():
        assert said[name].equals(frame), name
    assert expected["deals"]["outcome"].to_list() == ["open", "won"]
    (deal,) = expected["deals"].filter(pl.col("deal_id") == "a").to_dicts()
    assert (deal["outcome"], deal["title"]) == ("open", None)  # a row is whole; the latest stands
