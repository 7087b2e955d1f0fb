"""What people do to items of a list, as functions and over HTTP; the next list respects it."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console
from starlette.testclient import TestClient

from data.audit import Actor
from data.bulk import writing
from data.database import open_database
from data.errors import BadInput, NotFound
from data.moments import DAY, iso
from data.settings import Settings
from pipelines import week
from serving import actions, lists
from serving.access.reach import EVERYTHING, Reach
from serving.api.app import create_app
from serving.security import create_key
from tests.company import END

NOW = END
ANN, BOB = Actor("user", "ann"), Actor("key", "bob")
WEEK = "2026-03-02"
HEAD = {"pipeline": "p", "week": WEEK, "as_of": 1, "bundle": "b", "created_at": 2}


@pytest.fixture
def published(database: sa.Engine) -> sa.Engine:
    lists.publish(
        database, HEAD, [{"position": n, "deal_id": f"d{n}", "owner_id": f"o{n}"} for n in (1, 2)]
    )
    return database


def _act(engine: sa.Engine, *said: Any, **more: Any) -> None:
    with writing(engine) as transaction:
        actions.act(transaction, *said, **more)


def test_each_act_is_kept_and_the_last_one_holds(published: sa.Engine) -> None:
    _act(published, "p", "latest", "d1", "done", ANN, NOW, EVERYTHING)
    _act(published, "p", WEEK, "d1", "reopened", BOB, NOW + 1, EVERYTHING)
    _act(published, "p", WEEK, "d2", "snoozed", ANN, NOW, EVERYTHING, NOW + DAY)
    _act(published, "p", WEEK, "d2", "dismissed", ANN, NOW + 5, EVERYTHING, reason="cut")
    made = actions.of_list(published, "p", WEEK, EVERYTHING)
    assert [(one.deal_id, one.action, one.who) for one in made if one.deal_id == "d1"] == [
        ("d1", "done", "user:ann"),
        ("d1", "reopened", "key:bob"),
    ]
    assert [one.reason for one in actions.of_deal(published, "p", "d2", EVERYTHING)] == [
        None,
        "cut",
    ]
    held = actions.recent(published, "p", NOW + 2).sort("deal_id").rows()
    assert held == [("d1", "reopened", NOW + 1, None), ("d2", "snoozed", NOW, NOW + DAY)]
    assert actions.recent(published, "other", NOW).is_empty()


@pytest.mark.parametrize(
    ("action", "more", "field"),
    [
        ("snoozed", {}, "until"),
        ("snoozed", {"until": NOW}, "until"),
        ("done", {"until": NOW + DAY}, "until"),
        ("dismissed", {}, "reason"),
        ("dismissed", {"reason": "  "}, "reason"),
        ("dismissed", {"reason": "x" * 501}, "reason"),
        ("burnt", {}, "action"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    published: sa.Engine, action: Any, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput) as raised:
        _act(published, "p", WEEK, "d1", action, ANN, NOW, EVERYTHING, **more)
    assert raised.value.field == field
    assert actions.of_list(published, "p", WEEK, EVERYTHING) == []


def test_what_rests_is_opened_again_though_no_later_list_has_it(published: sa.Engine) -> None:
    """A list that is published anew leaves out what was done; who may see it may undo that."""
    _act(published, "p", WEEK, "d1", "done", ANN, NOW, EVERYTHING)
    left = {"deal_id": "d1", "owner_id": "o1", "why": "done"}
    lists.publish(published, HEAD, [{"position": 1, "deal_id": "d2", "owner_id": "o2"}], [left])
    own, others = Reach("owner_id", "o1"), Reach("owner_id", "o2")
    assert [one.action for one in actions.of_list(published, "p", WEEK, own)] == ["done"]
    assert actions.of_list(published, "p", WEEK, others) == []
    for action, reach in (("done", own), ("reopened", others)):
        with pytest.raises(NotFound):
            _act(published, "p", WEEK, "d1", action, ANN, NOW + 1, reach)
    _act(published, "p", WEEK, "d1", "reopened", ANN, NOW + 1, own)
    assert actions.recent(published, "p", NOW + 1)["acted"].to_list() == ["reopened"]


def test_only_items_of_a_published_list_can_be_acted_on(published: sa.Engine) -> None:
    for name, deal_id in ((WEEK, "d9"), ("2026-03-09", "d1")):
        with pytest.raises(NotFound):
            _act(published, "p", name, deal_id, "done", ANN, NOW, EVERYTHING)


def test_items_out_of_reach_can_be_neither_acted_on_nor_read(published: sa.Engine) -> None:
    own = Reach("owner_id", "o1")
    _act(published, "p", WEEK, "d1", "done", ANN, NOW, own)
    with pytest.raises(NotFound):
        _act(published, "p", WEEK, "d2", "done", ANN, NOW, own)
    _act(published, "p", WEEK, "d2", "done", BOB, NOW, EVERYTHING)
    assert [one.deal_id for one in actions.of_list(published, "p", WEEK, own)] == ["d1"]
    assert actions.of_deal(published, "p", "d2", own) == []


def test_an_act_over_http_keeps_the_deal_off_the_next_list(
    company: Settings, tmp_path: Path
) -> None:
    quiet = Console(quiet=True)
    first = week.run("sales", NOW, company, quiet, tmp_path).listed["deal_id"][0]
    engine = open_database(company)
    writer = create_key(engine, "writer", ["write", "read"], NOW)
    reader = create_key(engine, "reader", ["read"], NOW)
    path = f"/v1/lists/latest/items/{first}/actions?pipeline=sales"
    body = {"action": "snoozed", "until": iso(NOW + 3 * DAY)}
    with TestClient(create_app(company, clock=lambda: NOW)) as client:
        refused = client.post(path, json=body, headers={"Authorization": f"Bearer {reader}"})
        client.headers["Authorization"] = f"Bearer {writer}"
        once = {"Idempotency-Key": "one"}
        made, again = (client.post(path, json=body, headers=once) for _ in range(2))
        other = client.post(path, json=body | {"until": iso(NOW + 4 * DAY)}, headers=once)
        wrong = client.post(path, json={"action": "dismissed"})
        read = client.get("/v1/lists/latest/actions?pipeline=sales").json()["actions"]
        others = client.get("/v1/lists/latest/others?pipeline=sales&limit=1").json()["items"]
    assert (refused.status_code, made.status_code, wrong.status_code) == (403, 201, 422)
    assert read == [made.json()] == [again.json()]
    assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")
    assert made.json()["who"].startswith("key:")
    assert len(others) == 1
    assert others[0]["zh"]
    second = week.run("sales", NOW, company, quiet, tmp_path)
    assert first not in second.listed["deal_id"]
    (left,) = second.made.others.filter(deal_id=first).to_dicts()
    assert (left["why"], left["figure"]) == ("snoozed", 3.0)
    with engine.begin() as connection:  # the workspace is shared by all tests
        connection.execute(sa.text("DELETE FROM list_actions"))
    engine.dispose()
