"""Who saw what, when, from which model; what came of it; and what erasure leaves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console
from starlette.testclient import TestClient

from data.database import metadata, open_database
from data.erasure import pseudonym
from data.ledger import scores
from data.moments import DAY, iso, now
from data.settings import Settings
from pipelines import kept, week
from serving import ledger
from serving.access.reach import EVERYTHING
from serving.ledger import Asked, Told, Writer
from tests import company
from tests.pushing import ENTRY, NOW, awaited, entries, put, serving, settled

RECORDS = company.records(company.history())
OPEN = [record["deal"]["deal_id"] for record in RECORDS]


@pytest.fixture
def client(settings: Settings, company: Settings) -> Iterator[TestClient]:
    with serving(settled(settings, company)) as client:
        yield client


def test_every_score_that_leaves_the_house_is_in_it(client: TestClient) -> None:
    deal = OPEN[0]
    body = {"pipeline": "sales", "records": RECORDS[:1], "reasons": True}
    (whole,) = client.post("/v1/score", json=body).json()["scores"]
    (one,) = client.post("/v1/pipelines/sales/deals/score", json={"deal_ids": [deal]}).json()[
        "scores"
    ]
    call = {"deal_id": deal, "kind": "call", "at": iso(NOW - DAY // 2)}
    put(client, "activities", [call])
    found = awaited(client, 3, deal_id=deal)
    assert sorted(entry["kind"] for entry in found) == ["by-id", "push", "request"]
    by_kind = {entry["kind"]: entry for entry in found}
    for kind, told in (("request", whole), ("by-id", one)):
        for name in ("score", "grade", "as_of", "bundle", "served_by", "chances"):
            assert by_kind[kind][name] == told[name]
    assert by_kind["request"]["reasons"]
    assert by_kind["by-id"]["reasons"] is None
    assert {entry["outcome"] for entry in found} == {"open"}
    caller = by_kind["by-id"]["caller"]
    assert by_kind["request"]["caller"] == caller
    # whoever comes first settles a push: its own call, or the thread that rescores
    assert by_kind["push"]["caller"] in {caller, "job:rescoring"}
    lost = {"deal_id": deal, "created_at": iso(NOW - 90 * DAY), "outcome": "lost"}
    put(client, "deals", [lost | {"closed_at": iso(NOW - 1)}])
    assert {entry["outcome"] for entry in entries(client, deal_id=deal)} == {"lost"}
    assert entries(client, caller="key:nobody") == []
    assert entries(client, deal_id=deal, since=iso(NOW + 1)) == []


def test_the_ledger_is_read_page_by_page(client: TestClient) -> None:
    client.post("/v1/score", json={"pipeline": "sales", "records": RECORDS[:7]})
    awaited(client, 7)
    read, cursor = [], {}
    while True:
        page = client.get("/v1/ledger", params={"limit": 3, **cursor}).json()
        read += [entry["deal_id"] for entry in page["entries"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(read) == OPEN[:7]


def test_a_stop_writes_what_waits(settings: Settings) -> None:
    engine = open_database(settings)
    writer = Writer(engine)
    writer.start()
    writer.add(Told(5, "request", "key:k").rows([ENTRY, ENTRY]))
    writer.stop()
    with engine.connect() as connection:
        found = ledger.find(connection, Asked(), EVERYTHING, None, 10)
        said = ledger.said(connection, Asked(pipeline="p")).to_dicts()
    assert [one["deal_id"] for one in found] == ["d", "d"]
    assert [(one["days"], one["p_won"], one["p_lost"]) for one in said] == [(7, 0.01, 0.5)]
    assert ledger.prune(engine, 5) == 0
    assert ledger.prune(engine, 6) == 2
    engine.dispose()


def test_an_entry_that_is_refused_keeps_no_other_from_being_written(
    database: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = [{"grade": None}, {"as_of": 2**70}, {"bundle": "\ud800"}]
    said = [ENTRY | {"deal_id": f"D-{number}"} for number in range(40)]
    for place, wrong in zip((3, 17, 39), refused, strict=True):
        said[place] |= wrong
    writer = Writer(database)
    writer.add(Told(5, "request", "key:k", "r1").rows(said))
    writer.stop()
    with database.connect() as connection:
        found = ledger.find(connection, Asked(), EVERYTHING, None, 100)
    written = {f"D-{number}" for number in range(40)} - {"D-3", "D-17", "D-39"}
    assert sorted(one["deal_id"] for one in found) == sorted(written)
    lines = capsys.readouterr().out.splitlines()
    assert [("loses an entry" in line, "r1" in line, "D-" in line) for line in lines] == [
        (True, True, False)
    ] * 3


def test_an_erased_deal_leaves_no_text(client: TestClient, settings: Settings) -> None:
    deal = week.run("sales", NOW, settings, Console(quiet=True)).listed["deal_id"][1]
    row = {"deal_id": deal, "created_at": iso(NOW - 90 * DAY), "title": "Private matter"}
    put(client, "deals", [row], key="k")
    person = {"deal_id": deal, "contact_id": "secret-person", "at": iso(NOW - DAY), "name": "Li Na"}
    put(client, "contacts", [person])
    erased = client.delete(f"/v1/pipelines/sales/deals/{deal}")
    assert erased.status_code == 200, erased.text
    told = pseudonym("sales", "deal", deal)
    assert {entry["deal_id"] for entry in entries(client, deal_id=told)} == {told}
    said = everything(settings)
    for text in (f'"{deal}"', f"'{deal}'", "Private matter", "Li Na", "secret-person"):
        assert text not in said
    answer = client.put("/v1/records/deals", json={"pipeline": "sales", "rows": [row]})
    assert answer.status_code == 422
    assert "erased" in answer.json()["title"]
    assert client.delete(f"/v1/pipelines/sales/deals/{deal}").status_code == 404
    items = client.get("/v1/lists/latest?pipeline=sales&limit=1000").json()["items"]
    (item,) = (one for one in items if one["deal_id"] == told)
    assert "title" not in item
    assert item["now"]["outcome"] is None


def test_an_erased_deal_that_is_told_of_again_has_no_name(
    client: TestClient, settings: Settings
) -> None:
    deal, other = OPEN[:2]
    assert client.delete(f"/v1/pipelines/sales/deals/{deal}").status_code == 200
    body = {"pipeline": "sales", "records": RECORDS[:2]}
    scored = client.post("/v1/score", json=body)
    assert [one["deal_id"] for one in scored.json()["scores"]] == [deal, other]
    told = pseudonym("sales", "deal", deal)
    awaited(client, 1, deal_id=told, kind="request")
    awaited(client, 1, deal_id=other, kind="request")
    assert entries(client, deal_id=deal) == []


def test_a_deals_rows_are_found_in_an_index(tmp_path: Path) -> None:
    engine = open_database(Settings(workspace=tmp_path))
    asked: list[tuple[str, Any]] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *of: asked.append((of[2], of[3])))
    with engine.connect() as connection:
        for which in (Asked(deal_id="d"), Asked(pipeline="p", deal_id="d"), Asked(caller="key:k")):
            ledger.find(connection, which, EVERYTHING, None, 10)
            statement, values = asked[-1]
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert "SEARCH scores USING INDEX" in plan[0][3]
    engine.dispose()


def test_an_erased_person_leaves_no_name_and_changes_no_score(
    client: TestClient, settings: Settings
) -> None:
    deal = OPEN[2]
    at = iso(NOW - DAY)
    person = {"deal_id": deal, "contact_id": "secret-person", "at": at, "name": "Li Na"}
    put(client, "contacts", [person | {"role": "decision_maker"}])
    call = {"deal_id": deal, "kind": "call", "at": at, "contact_id": "secret-person"}
    put(client, "activities", [call])
    path, anew = "/v1/pipelines/sales/deals/score", {"deal_ids": [deal], "as_of": iso(NOW)}
    before = client.post(path, json=anew).json()
    rows = kept.contact(settings, "sales", "secret-person")
    assert rows == {"contacts": 1, "activities": 1}
    assert client.post(path, json=anew).json() == before
    said = everything(settings)
    assert "Li Na" not in said
    assert "secret-person" not in said
    body = {"pipeline": "sales", "rows": [call]}
    assert client.put("/v1/records/activities", json=body).status_code == 422


def everything(settings: Settings) -> str:
    """Return all that the database holds, as text."""
    engine = open_database(settings)
    with engine.connect() as connection:
        rows = [
            str(tuple(row))
            for table in metadata.sorted_tables
            for row in connection.execute(sa.select(table))
        ]
    engine.dispose()
    return "\n".join(rows)


def test_the_days_of_the_ledger_are_kept_by_a_job(settings: Settings, company: Settings) -> None:
    workspace = settled(settings, company)
    week.run("sales", NOW, workspace, Console(quiet=True))
    assert kept.prune(workspace) == 0
    engine = open_database(workspace)
    with engine.begin() as connection:
        connection.execute(sa.update(scores).values(at=now() - 1_101 * DAY))
    engine.dispose()
    assert kept.prune(workspace) == len(OPEN)
