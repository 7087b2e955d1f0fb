"""Single sign-on against a real provider over HTTP: who comes in, and what is not believed."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import sqlalchemy as sa
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from data.audit import commander, log
from data.database import open_database
from data.moments import now
from data.settings import Settings
from serving.access.pages import COOKIE
from serving.access.users import create_user, disable_user, list_users
from serving.api.app import create_app
from tests import provider as providers
from tests.provider import Provider

OURS = "https://dealcast.example"
ANN = {"sub": "17", "email": "Ann@company.example", "email_verified": True}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providers.running() as running:
        running.person = dict(ANN)
        yield running


@pytest.fixture
def settings(provider: Provider, tmp_path: Path) -> Settings:
    return Settings(
        workspace=tmp_path,
        public_url=OURS,
        oidc_issuer=provider.issuer,
        oidc_client_id=providers.CLIENT,
        oidc_client_secret=providers.SECRET,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[sa.Engine]:
    engine = open_database(settings)
    create_user(engine, {"email": "ann@company.example", "role": "admin"}, None, now(), commander())
    yield engine
    engine.dispose()


@pytest.fixture
def client(settings: Settings, database: sa.Engine) -> Iterator[TestClient]:
    app = create_app(settings)
    with TestClient(app, base_url=OURS, follow_redirects=False) as client:
        yield client


def there(client: TestClient, after: str = "/deals?stage=offer") -> str:
    """Go to the provider and return the address that it sends the browser back to."""
    sent = client.get("/sign-in/sso", params={"next": after})
    assert sent.status_code == 303, sent.text
    back = httpx2.get(sent.headers["location"]).headers["location"]
    assert back.startswith(f"{OURS}/sign-in/sso/back?")
    return str(back)


def signs_in(client: TestClient) -> bool:
    answer = client.get(there(client))
    assert answer.status_code == (303 if COOKIE in client.cookies else 401)
    return COOKIE in client.cookies


def test_whom_the_provider_vouches_for_comes_in_and_goes_on(client: TestClient) -> None:
    answer = client.get(there(client))
    assert (answer.status_code, answer.headers["location"]) == (303, "/deals?stage=offer")
    kept = answer.headers.get_list("set-cookie")
    session = next(one for one in kept if one.startswith(COOKIE))
    assert all(word in session for word in ("HttpOnly", "Secure", "SameSite=lax"))


def test_what_is_asked_has_state_nonce_and_challenge_each_time_others(client: TestClient) -> None:
    asked = [
        parse_qs(urlsplit(client.get("/sign-in/sso").headers["location"]).query) for _ in range(2)
    ]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[0][name][0]) >= 43
        assert asked[0][name] != asked[1][name]
    assert asked[0]["code_challenge_method"] == ["S256"]


@pytest.mark.parametrize(
    "lies",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another client"},
        {"aud": [providers.CLIENT, "another"], "azp": "another"},
        {"iss": "https://another.example"},
        {"exp": int(time.time()) - 3_600},
        {"iat": int(time.time()) + 3_600},
        {"exp": None},
        {"sub": None},
        {"at_hash": "of another token"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": "bob@company.example"},
    ],
    ids="-".join,  # not what they say: workers that start in two seconds would know two tests
)
def test_a_token_that_is_not_right_in_all_lets_nobody_in(
    client: TestClient, provider: Provider, database: sa.Engine, lies: dict[str, Any]
) -> None:
    provider.lies = lies
    assert not signs_in(client)
    with database.connect() as connection:
        assert connection.scalars(sa.select(log.c.action)).all()[-1] == "sign-in.refused"
    provider.lies = {}
    assert signs_in(client)


def test_a_token_signed_by_another_key_lets_nobody_in(
    client: TestClient, provider: Provider
) -> None:
    provider.signing = RSAKey.generate_key(2048, {"kid": "1"})
    assert not signs_in(client)


def test_an_answer_to_another_browsers_question_lets_nobody_in(
    client: TestClient, settings: Settings
) -> None:
    back = there(client)
    with TestClient(create_app(settings), base_url=OURS, follow_redirects=False) as other:
        assert other.get(back).status_code == 401
        there(other)
        assert other.get(back).status_code == 401
        for no_question in (b"not JSON", b"[" * 3_000):
            other.cookies.set("dealcast_sso", urlsafe_b64encode(no_question).decode())
            assert other.get(back).status_code == 401
        assert COOKIE not in other.cookies


def test_a_code_is_good_once(client: TestClient) -> None:
    back = there(client)
    cookies = dict(client.cookies)
    assert client.get(back).status_code == 303
    client.cookies.clear()
    client.cookies.update(cookies)
    assert client.get(back).status_code != 303


def test_the_providers_own_id_counts_before_the_email(
    client: TestClient, provider: Provider, database: sa.Engine
) -> None:
    """Ann's address may go to somebody else one day; her account may not."""
    assert signs_in(client)
    assert [user.single_sign_on for user in list_users(database)] == [True]
    client.cookies.clear()
    provider.person = ANN | {"sub": "18"}
    assert not signs_in(client)
    provider.person = ANN | {"email": "ann.married@company.example", "email_verified": False}
    assert signs_in(client)


def test_a_disabled_user_stays_out(client: TestClient, database: sa.Engine) -> None:
    disable_user(database, ANN["email"], now(), commander())
    assert not signs_in(client)


def test_no_claim_gives_a_role(client: TestClient, provider: Provider, database: sa.Engine) -> None:
    fields = {"email": "bob@company.example", "role": "seller", "owner_id": "o1"}
    create_user(database, fields, None, now(), commander())
    provider.person = ANN | {"email": "bob@company.example", "role": "admin", "groups": ["admin"]}
    assert signs_in(client)
    roles = {user.email: user.viewer.role for user in list_users(database)}
    assert roles == {"ann@company.example": "admin", "bob@company.example": "seller"}


def test_a_provider_that_is_down_or_another_is_told_as_such(
    client: TestClient, provider: Provider
) -> None:
    provider.issuer = "http://127.0.0.1:1"
    answer = client.get("/sign-in/sso")
    assert answer.status_code == 503
    assert "DEALCAST_OIDC_ISSUER" in answer.text
    assert answer.headers["retry-after"]


@pytest.mark.parametrize("missing", ["oidc_issuer", "oidc_client_id", "public_url"])
def test_what_is_not_set_up_is_named(settings: Settings, missing: str) -> None:
    partly = settings.model_copy(update={missing: None})
    with TestClient(create_app(partly)) as client:
        answer = client.get("/sign-in/sso")
    assert json.loads(answer.text)["field"] == f"DEALCAST_{missing.upper()}"


def test_a_provider_without_encryption_is_not_spoken_to(settings: Settings) -> None:
    plain = settings.model_copy(update={"oidc_issuer": "http://provider.example"})
    with TestClient(create_app(plain)) as client:
        answer = client.get("/sign-in/sso")
    assert answer.status_code == 503
    assert "https" in answer.text
