"""Who may ask what: keys, scopes, ends; and whether the service is ready."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from data.database import open_database
from data.errors import BadInput, NotFound
from data.moments import DAY, now
from data.settings import Settings
from models.bundle import CHAMPION, Bundle, champion, crown
from serving.api.app import create_app
from serving.champions import Champions
from serving.security import (
    SCOPES,
    Unauthenticated,
    authenticate,
    create_key,
    list_keys,
    revoke_key,
)


def test_only_a_hash_of_a_key_is_kept(database: sa.Engine) -> None:
    key = create_key(database, "crm", ["read", "score"], now=0)
    prefix, key_id, secret = key.split("_", 2)
    with database.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM api_keys")).mappings().one()
    assert prefix == "dc"
    assert row["key_id"] == key_id
    assert row["scopes"] == "score read"
    assert len(secret) >= 43  # 256 bits
    assert all(secret not in str(value) for value in row.values())


def test_a_key_is_known_again_until_it_ends(database: sa.Engine) -> None:
    key = create_key(database, "crm", ["score"], now=0, expires_days=2)
    assert authenticate(database, key, now=2 * DAY - 1).name == "crm"
    with pytest.raises(Unauthenticated):
        authenticate(database, key, now=2 * DAY)


def test_a_revoked_key_ends_at_once(database: sa.Engine) -> None:
    key = create_key(database, "crm", ["score"], now=0)
    (known,) = list_keys(database)
    revoke_key(database, known.key_id, now=5)
    revoke_key(database, known.key_id, now=9)
    with pytest.raises(Unauthenticated):
        authenticate(database, key, now=6)
    assert list_keys(database)[0].revoked_at == 5


def test_no_other_key_is_known(database: sa.Engine) -> None:
    key = create_key(database, "crm", ["score"], now=0)
    _, key_id, secret = key.split("_", 2)
    forged = ["", "dc", "dc__", f"dc_{key_id}_", f"dc_{key_id}_{secret}x", f"xx_{key_id}_{secret}"]
    for presented in [*forged, f"dc_0_{secret}", "dc_\ud800_\x00"]:
        with pytest.raises(Unauthenticated):
            authenticate(database, presented, now=1)


def test_a_key_needs_a_name_known_scopes_and_an_end_ahead(database: sa.Engine) -> None:
    for name, scopes, days in (
        ("", ["read"], 1),
        ("n", [], 1),
        ("n", ["all"], 1),
        ("n", ["read"], 0),
    ):
        with pytest.raises(BadInput):
            create_key(database, name, scopes, now=0, expires_days=days)
    with pytest.raises(NotFound, match="no such key"):
        revoke_key(database, "none", now=0)
    assert list_keys(database) == []


@pytest.fixture
def client(company: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(company), raise_server_exceptions=False) as client:
        yield client


def key_with(settings: Settings, *scopes: str) -> dict[str, str]:
    engine = open_database(settings)
    key = create_key(engine, "test", scopes, now())
    engine.dispose()
    return {"Authorization": f"Bearer {key}"}


ROUTES = [
    ("POST", "/v1/score", "score"),
    ("GET", "/v1/lists/latest?pipeline=sales", "read"),
    ("GET", "/v1/pipelines", "read"),
]


@pytest.mark.parametrize(("method", "path", "needed"), ROUTES)
def test_each_route_takes_its_own_scope_and_admin_only(
    client: TestClient, company: Settings, method: str, path: str, needed: str
) -> None:
    nobody = client.request(method, path)
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"] == "Bearer"
    assert client.request(method, path, headers={"Authorization": "Basic x"}).status_code == 401
    for scope in SCOPES:
        status = client.request(method, path, headers=key_with(company, scope)).status_code
        assert (status == 403) == (scope not in (needed, "admin"))
        assert status != 401


def test_health_and_readiness_need_no_key(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ok"}


def test_readiness_names_what_is_missing(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert "no pipeline has a champion" in answer.json()["detail"]
        (tmp_path / "bundles" / "sales").mkdir(parents=True)
        (tmp_path / "bundles" / "sales" / CHAMPION).write_text("gone")
        assert "sales cannot be loaded" in client.get("/ready").json()["detail"]


def test_another_champion_is_served_and_a_broken_one_is_refused(
    company: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sales"
    shutil.copytree(company.bundles / "sales", folder)
    champions = Champions(tmp_path)
    assert champions.at_hand("sales") is None
    first = champions.scorer("sales")
    champions.look()
    assert champions.scorer("sales") is first
    good = champion(folder)
    broken = folder / "broken"
    shutil.copytree(good, broken)
    (broken / "won-0.txt").write_text("tampered")
    crown(broken)
    champions.look()
    assert champions.scorer("sales") is first
    crown(good)
    assert champions.scorer("sales") is first
    champions.look()
    second = champions.scorer("sales")
    assert second is not first
    assert second.bundle.name == first.bundle.name
    crown(good)

    def no_handle(*_: object) -> None:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(Bundle, "load", no_handle)
        with pytest.raises(OSError, match="Too many"):
            champions.look()
        assert champions.scorer("sales") is second
    champions.look()  # what passes is tried again
    assert champions.scorer("sales") is not second
    (folder / CHAMPION).unlink()
    champions.look()
    with pytest.raises(NotFound, match="no champion serves"):
        champions.scorer("sales")
