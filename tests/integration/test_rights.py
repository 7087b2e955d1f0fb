"""Who may call what: every route of the application, by every scope and role, and whose rows.

A route that is not in `RIGHTS` fails the first test: whoever adds one says here who may call it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from data.audit import commander
from data.contract import TABLES
from data.database import open_database
from data.moments import now
from data.settings import Settings
from serving import lists
from serving.access.reach import EVERYTHING, Reach
from serving.access.users import create_user
from serving.access.viewer import ROLES
from serving.api.app import create_app
from serving.security import SCOPES, create_key

PUBLIC, PAGE = "anybody", "a user"
RIGHTS: Final[dict[str, str]] = {
    "GET /health": PUBLIC,
    "GET /ready": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "POST /sign-in": PUBLIC,
    "GET /sign-in/sso": PUBLIC,
    "GET /sign-in/sso/back": PUBLIC,
    "POST /sign-out": PAGE,
    "GET /sign-in": PUBLIC,
    "GET /language/{language}": PUBLIC,
    "GET /static/{name}": PUBLIC,
    "GET /": PAGE,
    "GET /account": PAGE,
    "POST /account/password": PAGE,
    "GET /week": PAGE,
    "GET /week.{kind}": PAGE,
    "GET /week/others": PAGE,
    "POST /week/acts": PAGE,
    "GET /deals": PAGE,
    "GET /deals.{kind}": PAGE,
    "GET /deals/{pipeline}/{deal_id}": PAGE,
    "GET /funnel": PAGE,
    "GET /forecast": PAGE,
    "GET /funnel.{kind}": PAGE,
    "GET /forecast.{kind}": PAGE,
    "GET /attainment": PAGE,
    "GET /attainment.{kind}": PAGE,
    "GET /reviews": PAGE,
    "GET /reviews.{kind}": PAGE,
    "GET /behind": PAGE,
    "GET /behind.{kind}": PAGE,
    "GET /model": PAGE,
    "GET /metrics": "read",
    "POST /v1/score": "score",
    "POST /v1/score/stream": "score",
    "GET /v1/lists/{week}": "read",
    "GET /v1/lists/{week}/others": "read",
    "GET /v1/lists/{week}/actions": "read",
    "POST /v1/lists/{week}/items/{deal_id}/actions": "write",
    "GET /v1/pipelines": "read",
    "GET /v1/pipelines/{pipeline}/model": "read",
    "GET /v1/audit": "admin",
    "POST /v1/pipelines/{pipeline}/deals/score": "score",
    "GET /v1/pipelines/{pipeline}/deals/{deal_id}/score": "score",
    **{f"PUT /v1/records/{table}": "write" for table in (*TABLES, "{table}")},
    "GET /v1/ledger": "read",
    "GET /v1/pipelines/{pipeline}/forecast": "read",
    "GET /v1/pipelines/{pipeline}/funnel": "read",
    "GET /v1/pipelines/{pipeline}/attainment": "read",
    "GET /v1/pipelines/{pipeline}/sources": "read",
    "GET /v1/pipelines/{pipeline}/reviews": "read",
    "DELETE /v1/pipelines/{pipeline}/deals/{deal_id}": "admin",
    "DELETE /v1/pipelines/{pipeline}/contacts/{contact_id}": "admin",
    "POST /v1/webhooks": "admin",
    "GET /v1/webhooks": "admin",
    "DELETE /v1/webhooks/{webhook_id}": "admin",
    "GET /v1/webhooks/{webhook_id}/deliveries": "admin",
    "POST /v1/webhooks/{webhook_id}/redeliver": "admin",
}
"""A scope that a key needs, or PAGE: any user's session, or roles with commas between."""

API: Final = {route: right for route, right in RIGHTS.items() if right in SCOPES}
PAGES: Final = {route: right for route, right in RIGHTS.items() if right not in (*SCOPES, PUBLIC)}
GOOD: Final = "correct horse battery staple"
WEEK: Final = "2026-03-02"
OWNERS: Final = (("ann", "north"), ("bob", "north"), ("cai", "south"), (None, None))


def named(app: FastAPI) -> set[str]:
    """Return every route's methods and path, those of included routers too."""
    return {
        f"{method} {route.path_format}"
        for route in iter_route_contexts(app.routes)
        for method in (route.methods or ["ANY"])
        if method not in ("HEAD", "OPTIONS")
    }


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(workspace=tmp_path_factory.mktemp("rights"))
    engine = open_database(settings)
    items = [
        {
            "position": position,
            "deal_id": f"deal-{position}",
            "owner_id": OWNERS[position % 4][0],
            "team": OWNERS[position % 4][1],
            "title": f"of {OWNERS[position % 4][0]}" if position % 4 < 3 else "unowned",
        }
        for position in range(1, 21)
    ]
    head = {"pipeline": "p", "week": WEEK, "as_of": 1, "bundle": "b", "created_at": 2}
    lists.publish(engine, head, items)
    for role in ROLES:
        fields = {"email": f"{role}@x.example", "role": role, "owner_id": "ann", "team": "north"}
        create_user(engine, fields, GOOD, now(), commander())
    engine.dispose()
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    app = create_app(settings)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def keys(settings: Settings) -> dict[str, dict[str, str]]:
    engine = open_database(settings)
    made = {scope: create_key(engine, scope, [scope], now()) for scope in SCOPES}
    engine.dispose()
    return {scope: {"Authorization": f"Bearer {key}"} for scope, key in made.items()}


@pytest.fixture(scope="module")
def cookies(client: TestClient) -> dict[str, dict[str, str]]:
    kept = {}
    for role in ROLES:
        client.post("/sign-in", data={"email": f"{role}@x.example", "password": GOOD})
        kept[role] = {"Cookie": "; ".join(f"{n}={v}" for n, v in client.cookies.items())}
        client.cookies.clear()
    return kept


def called(client: TestClient, route: str, headers: dict[str, str]) -> Any:
    method, path = route.split(" ")
    return client.request(method, re.sub(r"\{[^}]*\}", "x", path), headers=headers)


def test_every_route_says_who_may_call_it(settings: Settings) -> None:
    assert named(create_app(settings)) == set(RIGHTS)


@pytest.mark.parametrize("route", API)
def test_a_call_needs_a_key_with_its_scope(
    client: TestClient, keys: Any, cookies: Any, route: str
) -> None:
    assert called(client, route, {}).status_code == 401
    for scope, headers in keys.items():
        status = called(client, route, headers).status_code
        assert (status == 403) == (scope not in (API[route], "admin")), scope
        assert status not in (401, 500)
    for headers in cookies.values():  # a session is for pages, so no other site's script calls
        assert called(client, route, headers).status_code == 401


@pytest.mark.parametrize("route", PAGES)
def test_a_page_needs_a_user_of_its_roles(
    client: TestClient, keys: Any, cookies: Any, route: str
) -> None:
    reads = route.startswith("GET")
    roles = ROLES if PAGES[route] == PAGE else (*PAGES[route].split(", "), "admin")
    for headers in ({}, *keys.values()):
        answer = called(client, route, headers)
        assert answer.status_code == (303 if reads else 403)
        assert not reads or answer.headers["location"].startswith("/sign-in")
    for role, headers in cookies.items():
        status = called(client, route, headers).status_code
        # what changes something is refused without the form's token, whatever the role
        assert (status == 403) == (role not in roles or not reads), role
        assert status not in (401, 500)


@pytest.mark.parametrize("route", [route for route, right in RIGHTS.items() if right == PUBLIC])
def test_what_anybody_may_call_needs_neither(client: TestClient, route: str) -> None:
    answer = called(client, route, {})
    assert answer.headers.get("www-authenticate") is None or "sign" in route


REACHES: Final = [
    EVERYTHING,
    Reach("team", "north"),
    Reach("team", "south"),
    Reach("owner_id", "ann"),
    Reach("owner_id", "nobody"),
    Reach("team", "None"),
]


def words_of(reach: Reach) -> set[str]:
    """Return the owners and teams that may show."""
    within = [row for row in OWNERS if reach.covers(*row)]
    return {word or "unowned" for row in within for word in row}


@pytest.mark.parametrize("reach", REACHES, ids=str)
def test_rows_out_of_reach_show_neither_in_lists_nor_in_totals_nor_in_errors(
    client: TestClient, settings: Settings, reach: Reach
) -> None:
    engine = open_database(settings)
    key = create_key(engine, "x", ["read", "score", "write"], now(), reach=reach)
    engine.dispose()
    headers = {"Authorization": f"Bearer {key}"}
    mine = [n for n in range(1, 21) if reach.covers(*OWNERS[n % 4])]
    found: list[dict[str, Any]] = []
    while True:
        path = f"/v1/lists/{WEEK}?pipeline=p&limit=3&after={len(found)}"
        page = client.get(path, headers=headers).json()
        assert page["size"] == len(mine)
        found += page["items"]
        if not page["items"]:
            break
    assert [item["deal_id"] for item in found] == [f"deal-{n}" for n in mine]
    assert [item["position"] for item in found] == list(range(1, len(mine) + 1))
    texts = [json.dumps(found)]
    for route in API:
        texts.append(called(client, route, headers).text)
        asked = client.get(f"/v1/lists/latest?pipeline=p&after={2**53}", headers=headers)
        texts.append(asked.text)
    others = words_of(EVERYTHING) - words_of(reach) - {reach.value}
    for text in texts:
        assert not re.findall("|".join(rf"\b{word}\b" for word in others) or r"\b\B", text)


def test_a_list_of_before_has_its_rows_rights_from_its_items(tmp_path: Path) -> None:
    """What was published before rights by row existed is seen by its owners, and by no others."""
    import sqlalchemy as sa
    from alembic import command
    from alembic.config import Config

    settings = Settings(workspace=tmp_path)
    engine = open_database(settings)
    config = Config()
    config.set_main_option("script_location", "data/migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        connection.execute(sa.text("INSERT INTO lists VALUES ('p', '2026-03-02', 1, 'b', 2)"))
        for position, (owner, team) in enumerate(OWNERS, 1):
            item = json.dumps({"owner_id": owner, "team": team})
            row = {"position": position, "deal": f"d{position}", "item": item}
            connection.execute(
                sa.text(
                    "INSERT INTO list_items (pipeline, week, position, deal_id, item) "
                    "VALUES ('p', '2026-03-02', :position, :deal, :item)"
                ),
                row,
            )
    engine.dispose()
    engine = open_database(settings)
    for reach, size in zip(REACHES, (4, 2, 1, 1, 0, 0), strict=True):
        assert lists.read(engine, "p", "latest", reach).size == size
    engine.dispose()
