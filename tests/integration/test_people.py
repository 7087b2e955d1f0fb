"""Users, signing in, sessions, forms: what lets somebody in, and what does not."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import APIRouter
from starlette.testclient import TestClient

from data.audit import Actor, commander, log
from data.database import open_database
from data.errors import BadInput, NotFound, TooMany
from data.moments import DAY, HOUR
from data.settings import Settings
from serving.access import passwords, sessions
from serving.access.counts import MINUTE, Calls, count, network
from serving.access.door import Door
from serving.access.pages import COOKIE, OwnForm, TheCsrf, TheViewer, only, own_path
from serving.access.reach import Reach
from serving.access.users import change_user, create_user, disable_user, list_users, set_password
from serving.access.viewer import ROLES
from serving.api.app import create_app
from serving.security import Unauthenticated, authenticate, create_key, list_keys

WRONG = {"password": "wrong"}
GOOD = "correct horse battery staple"
ANN = {"email": "Ann@company.example", "name": "安", "role": "manager", "team": "T"}
NOW = 400 * DAY
VISITOR = Actor("nobody", "", address="192.0.2.7")


def ann(database: sa.Engine, **more: str) -> str:
    return create_user(database, ANN | more, GOOD, NOW, commander())


def door(database: sa.Engine, settings: Settings) -> Door:
    return Door(database, settings)


def actions(database: sa.Engine) -> list[str]:
    with database.connect() as connection:
        return list(connection.scalars(sa.select(log.c.action).order_by(log.c.entry)))


def test_of_a_password_only_an_argon2_hash_is_kept(database: sa.Engine) -> None:
    ann(database)
    with database.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM users")).mappings().one()
        told = connection.execute(sa.text("SELECT detail FROM audit")).scalars().all()
    assert row["password"].startswith("$argon2id$")
    assert all(GOOD not in str(value) for value in (*row.values(), *told))


def test_an_unknown_user_costs_as_much_hashing_as_a_known_one() -> None:
    kept = passwords.hashed(GOOD).split("$")
    assert passwords._NOBODYS.split("$")[:4] == kept[:4]
    assert [len(part) for part in passwords._NOBODYS.split("$")] == [len(part) for part in kept]
    assert passwords.matches(GOOD, None)[0] is False


@pytest.mark.parametrize(
    "easy", ["", "short but ok?"[:11], "a" * 20, "ababababababab", "ann loves horses", "x" * 201]
)
def test_an_easy_password_is_refused_and_never_quoted(database: sa.Engine, easy: str) -> None:
    for email in ("ann@company.example",):
        with pytest.raises(BadInput, match="easily guessed") as raised:
            create_user(database, ANN | {"email": email, "name": "Annie Loves"}, easy, 0, VISITOR)
        assert not easy or easy not in str(raised.value)
    assert list_users(database) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "ann"},
        {"role": "boss"},
        {"role": "seller"},
        {"role": "manager", "team": ""},
        {"language": "fr"},
        {"timezone": "Asia/Shangai"},
        {"timezone": "../../etc/passwd"},
        {"currency": "yuan"},
        {"name": "A\nB"},
    ],
    ids=str,
)
def test_a_user_needs_what_the_role_needs(database: sa.Engine, wrong: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        create_user(database, ANN | wrong, GOOD, NOW, commander())
    assert list_users(database) == []


def test_an_email_is_taken_once_however_it_is_written(database: sa.Engine) -> None:
    ann(database)
    with pytest.raises(BadInput, match="taken"):
        ann(database, email=" ANN@company.example ")
    with pytest.raises(NotFound):
        disable_user(database, "bob@company.example", NOW, commander())


def test_signing_in_gives_a_session_of_which_only_a_hash_is_kept(
    database: sa.Engine, settings: Settings
) -> None:
    user_id = ann(database)
    token = door(database, settings).sign_in("ann@Company.example", GOOD, NOW, VISITOR)
    viewer = sessions.resume(database, token, NOW, settings)
    assert viewer is not None
    assert (viewer.user_id, viewer.name, viewer.reach) == (user_id, "安", Reach("team", "T"))
    with database.connect() as connection:
        (row,) = connection.execute(sa.text("SELECT * FROM sessions")).mappings()
    assert len(token) >= 43
    assert all(token not in str(value) for value in row.values())


def test_a_session_ends_when_idle_at_its_end_and_at_signing_out(
    database: sa.Engine, settings: Settings
) -> None:
    user_id = ann(database)
    enter = door(database, settings)

    def begun() -> str:
        return enter.sign_in(ANN["email"], GOOD, NOW, VISITOR)

    idle, end = settings.session_idle_minutes * MINUTE, settings.session_days * DAY
    token = begun()
    assert sessions.resume(database, token, NOW + idle - 1, settings)
    assert sessions.resume(database, token, NOW + 2 * idle - 2, settings)  # it was used between
    assert not sessions.resume(database, token, NOW + 4 * idle, settings)
    token, at = begun(), NOW
    while at + idle / 2 < NOW + end:
        assert sessions.resume(database, token, at, settings)
        at += idle // 2
    assert not sessions.resume(database, token, NOW + end, settings)
    token = begun()
    enter.sign_out(token, NOW, Actor("user", user_id))
    assert not sessions.resume(database, token, NOW, settings)
    assert not sessions.resume(database, "\ud800", NOW, settings)


def test_signing_in_again_ends_the_session_before(database: sa.Engine, settings: Settings) -> None:
    ann(database)
    enter = door(database, settings)
    first = enter.sign_in(ANN["email"], GOOD, NOW, VISITOR)
    second = enter.sign_in(ANN["email"], GOOD, NOW, VISITOR, before=first)
    assert first != second
    assert not sessions.resume(database, first, NOW, settings)
    assert sessions.resume(database, second, NOW, settings)


def test_another_password_or_none_or_disabling_ends_every_session(
    database: sa.Engine, settings: Settings
) -> None:
    ann(database)
    enter = door(database, settings)
    token = enter.sign_in(ANN["email"], GOOD, NOW, VISITOR)
    set_password(database, ANN["email"], "four other unrelated words", NOW, commander())
    assert not sessions.resume(database, token, NOW, settings)
    with pytest.raises(Unauthenticated):
        enter.sign_in(ANN["email"], GOOD, NOW, VISITOR)
    token = enter.sign_in(ANN["email"], "four other unrelated words", NOW, VISITOR)
    disable_user(database, ANN["email"], NOW, commander())
    assert not sessions.resume(database, token, NOW, settings)
    with pytest.raises(Unauthenticated):
        enter.sign_in(ANN["email"], "four other unrelated words", NOW, VISITOR)
    disable_user(database, ANN["email"], NOW, commander(), disabled=False)
    assert enter.sign_in(ANN["email"], "four other unrelated words", NOW, VISITOR)


def test_a_change_of_role_holds_from_the_next_page_on(
    database: sa.Engine, settings: Settings
) -> None:
    ann(database)
    token = door(database, settings).sign_in(ANN["email"], GOOD, NOW, VISITOR)
    change_user(database, ANN["email"], {"role": "seller", "owner_id": "o1"}, NOW, commander())
    viewer = sessions.resume(database, token, NOW, settings)
    assert viewer is not None
    assert viewer.reach == Reach("owner_id", "o1")
    with pytest.raises(BadInput):
        change_user(database, ANN["email"], {"owner_id": ""}, NOW, commander())


def test_all_refusals_look_the_same(database: sa.Engine, settings: Settings) -> None:
    ann(database)
    create_user(database, ANN | {"email": "sso@company.example"}, None, NOW, commander())
    told = set()
    for email, password in (
        (ANN["email"], "wrong"),
        ("nobody@company.example", GOOD),
        ("sso@company.example", ""),
        ("\x00' OR 1=1 --\ud800", GOOD),
        (ANN["email"], GOOD + "x" * 1_000),
    ):
        with pytest.raises(Unauthenticated) as raised:
            door(database, settings).sign_in(email, password, NOW, VISITOR)
        told.add(str(raised.value))
    assert len(told) == 1
    assert actions(database).count("sign-in.refused") == 5


def test_wrong_tries_are_counted_right_ones_are_not(
    database: sa.Engine, settings: Settings
) -> None:
    ann(database)
    few = settings.model_copy(update={"sign_in_tries": 2})
    enter = door(database, few)
    for _ in range(4):
        enter.sign_in(ANN["email"], GOOD, NOW, VISITOR)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            enter.sign_in(ANN["email"], "wrong", NOW, VISITOR)
    for _ in range(3):
        with pytest.raises(TooMany) as raised:
            enter.sign_in(ANN["email"], GOOD, NOW, VISITOR)
    assert 0 < raised.value.retry_after <= 15 * 60
    assert actions(database).count("sign-in.too-many") == 1
    elsewhere = replace(VISITOR, address="198.51.100.1")
    assert enter.sign_in(ANN["email"], GOOD, NOW, elsewhere)
    assert enter.sign_in(ANN["email"], GOOD, NOW + 15 * MINUTE, VISITOR)


def test_one_address_and_one_user_have_limits_of_their_own(
    database: sa.Engine, settings: Settings
) -> None:
    ann(database)
    few = settings.model_copy(update={"sign_in_tries": 1})
    for number in range(10):
        with pytest.raises(Unauthenticated):
            door(database, few).sign_in(f"u{number}@company.example", "wrong", NOW, VISITOR)
    with pytest.raises(TooMany):
        door(database, few).sign_in(ANN["email"], GOOD, NOW, VISITOR)
    later = NOW + HOUR
    for number in range(10):
        other = replace(VISITOR, address=f"198.51.100.{number}")
        with pytest.raises(Unauthenticated):
            door(database, few).sign_in(ANN["email"], "wrong", later, other)
    with pytest.raises(TooMany):
        door(database, few).sign_in(
            ANN["email"], GOOD, later, replace(VISITOR, address="203.0.113.9")
        )


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        (None, "unknown"),
    ],
)
def test_one_customers_addresses_are_one(address: str | None, counted: str) -> None:
    assert network(address) == counted


def test_windows_count_until_they_are_over(database: sa.Engine) -> None:
    start = NOW - NOW % MINUTE
    with database.begin() as connection:

        def counted(at: int, calls: int = 1) -> int:
            return count(connection, "c", at, MINUTE, calls)

        assert [counted(start), counted(start + MINUTE - 1), counted(start + 5, 3)] == [1, 2, 5]
        assert counted(start + MINUTE) == 1
        assert counted(start + MINUTE - 1) == 2  # a clock that is a little behind
        assert counted(start - DAY) == 1  # one that was set back


def test_workers_share_the_calls_of_a_key(database: sa.Engine) -> None:
    key = create_key(database, "crm", ["read"], NOW)
    key_id = key.split("_")[1]
    workers = [Calls(database, 100) for _ in range(3)]
    taken = 0
    for number in range(200):
        with suppress(TooMany):
            workers[number % 3].take(key_id, NOW)
            taken += 1
    assert taken == 100
    with pytest.raises(TooMany) as raised:
        workers[0].take(key_id, NOW)
    assert 0 < raised.value.retry_after <= 60
    workers[0].take(key_id, NOW + MINUTE)
    assert list_keys(database)[0].last_used_at == NOW + MINUTE


def test_a_key_may_be_limited_to_an_owner_or_a_team(database: sa.Engine) -> None:
    key = create_key(database, "team", ["read"], NOW, reach=Reach("team", "T"))
    assert authenticate(database, key, NOW).reach == Reach("team", "T")
    for reach, scope in ((Reach("team", ""), "read"), (Reach("team", "T"), "admin")):
        with pytest.raises(BadInput):
            create_key(database, "x", [scope], NOW, reach=reach)


PAGES = APIRouter()


@PAGES.get("/page")
def page(viewer: TheViewer, csrf: TheCsrf) -> dict[str, str]:
    return {"name": viewer.name, "csrf": csrf}


@PAGES.post("/page", dependencies=[OwnForm])
def change(viewer: TheViewer) -> str:
    return viewer.name


@PAGES.get("/operations", dependencies=[only("operations")])
def operations() -> str:
    return "in"


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    engine = open_database(settings)
    for role in ROLES:
        fields = {"email": f"{role}@company.example", "role": role, "team": "T", "owner_id": "o"}
        create_user(engine, fields, GOOD, NOW, commander())
    engine.dispose()
    app = create_app(settings, clock=lambda: NOW)
    app.include_router(PAGES)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


def signed_in(client: TestClient, role: str = "manager", **more: Any) -> Any:
    form = {"email": f"{role}@company.example", "password": GOOD, **more}
    return client.post("/sign-in", data=form)


def test_a_page_without_a_session_leads_to_signing_in_and_back(client: TestClient) -> None:
    sent = client.get("/page?week=2026-03-02")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?next=%2Fpage%3Fweek%3D2026-03-02"
    back = signed_in(client, next="/page?week=2026-03-02")
    assert (back.status_code, back.headers["location"]) == (303, "/page?week=2026-03-02")
    assert "HttpOnly" in back.headers["set-cookie"]
    assert "Secure" not in back.headers["set-cookie"]
    assert client.get("/page").json()["name"] == "manager@company.example"


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\r\nb", "\\\\x"],
)
def test_nobody_is_led_to_another_site(path: str) -> None:
    assert own_path(path) == "/"


def test_a_form_must_be_of_this_session_and_of_this_site(client: TestClient) -> None:
    assert client.post("/page").status_code == 403
    signed_in(client)
    csrf = client.get("/page").json()["csrf"]
    assert client.post("/page", data={"csrf": csrf}).status_code == 200
    assert client.post("/page", headers={"X-CSRF-Token": csrf}).status_code == 200
    own = {"Origin": "http://testserver"}
    assert client.post("/page", data={"csrf": csrf}, headers=own).status_code == 200
    for data, headers in (
        ({}, {}),
        ({"csrf": ""}, {}),
        ({"csrf": csrf[:-1]}, {}),
        ({"csrf": "é"}, {}),
        ({"csrf": csrf}, {"Origin": "https://evil.example"}),
        ({"csrf": csrf}, {"Origin": "null"}),
    ):
        assert client.post("/page", data=data, headers=headers).status_code == 403
    evil = {"Origin": "https://evil.example"}
    form = {"email": "manager@company.example", "password": GOOD}
    assert client.post("/sign-in", data=form, headers=evil).status_code == 403


def test_signing_out_ends_the_session_for_everybody_who_has_the_cookie(client: TestClient) -> None:
    signed_in(client)
    kept = client.cookies[COOKIE]
    csrf = client.get("/page").json()["csrf"]
    assert client.post("/sign-out").status_code == 403
    out = client.post("/sign-out", data={"csrf": csrf})
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    client.cookies.set(COOKIE, kept)
    assert client.get("/page").status_code == 303


def test_a_page_lets_in_its_roles_and_admins(client: TestClient) -> None:
    statuses = {}
    for role in ROLES:
        client.cookies.clear()
        signed_in(client, role)
        statuses[role] = client.get("/operations").status_code
    assert statuses == {"seller": 403, "manager": 403, "operations": 200, "admin": 200}


def test_too_many_tries_are_told_over_http(client: TestClient) -> None:
    for _ in range(10):
        assert signed_in(client, **WRONG).status_code == 401
    answer = signed_in(client)
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


def test_who_did_what_is_in_the_audit_log(client: TestClient, settings: Settings) -> None:
    signed_in(client)
    signed_in(client, **WRONG)
    engine = open_database(settings)
    key = create_key(engine, "admin", ["admin"], NOW)
    engine.dispose()
    headers = {"Authorization": f"Bearer {key}"}
    entries = client.get("/v1/audit", headers=headers).json()["entries"]
    assert [one["action"] for one in entries][:3] == ["key.created", "sign-in.refused", "sign-in"]
    assert [one["actor_kind"] for one in entries][:3] == ["command", "nobody", "user"]
    assert entries[1]["target"] == entries[2]["actor"]
    assert entries[1]["address"] == "testclient"
    assert entries[0]["at"] == "1971-02-05T00:00:00Z"
    page = client.get("/v1/audit?limit=2", headers=headers).json()
    rest = client.get(f"/v1/audit?before={page['before']}", headers=headers).json()
    assert page["entries"] + rest["entries"] == entries
    assert rest["before"] is None
    made = client.get("/v1/audit?action=user", headers=headers).json()["entries"]
    assert {one["action"] for one in made} == {"user.created"}
