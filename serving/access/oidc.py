"""Single sign-on by OpenID Connect: authorization code with PKCE, state and nonce.

The provider vouches for who somebody is, never for what they may do: roles are ours. Metadata and
keys are read anew at each sign-in, so a key that the provider retired is never trusted.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from data.errors import NotReady
from data.moments import SECOND
from data.settings import Settings

BACK: Final = "/sign-in/sso/back"
"""Where the provider sends people back to: register the public URL with this path there."""

_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
_LEEWAY: Final = 60  # seconds by which the clocks may differ
_TIMEOUT: Final = 10.0


class Refused(Exception):
    """An answer that is not to be believed, and why; the audit log is told, the visitor is not."""


@dataclass(frozen=True)
class Asked:
    """What was asked of the provider, kept in the browser until it answers.

    Attributes:
        state: binds the answer to this browser.
        nonce: binds the token to this question.
        verifier: shows that who redeems the code is who asked (PKCE).
        after: the path to go to afterwards.
    """

    state: str
    nonce: str
    verifier: str
    after: str

    def dump(self) -> str:
        """Return it as a cookie's value."""
        return urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def load(cls, text: str) -> Self:
        """Read it back.

        Raises:
            Refused: it is not what was written.
        """
        try:
            return cls(
                **{name: str(value) for name, value in json.loads(urlsafe_b64decode(text)).items()}
            )
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise Refused("no question") from None


@dataclass(frozen=True)
class Provider:
    """An OpenID provider, as it describes itself.

    Attributes:
        settings: issuer, client and our own address.
        metadata: its discovery document.
    """

    settings: Settings
    metadata: dict[str, Any]

    @classmethod
    def discover(cls, settings: Settings) -> Self:
        """Ask the issuer of the settings to describe itself.

        Raises:
            NotReady: single sign-on is not set up, or the provider does not answer as it should.
        """
        _check(settings)
        issuer = str(settings.oidc_issuer)
        with _answering():
            url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            metadata = httpx2.get(url, timeout=_TIMEOUT).raise_for_status().json()
            if metadata["issuer"] != issuer:
                raise ValueError(f"it says that its issuer is {metadata['issuer']}")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _check_encrypted(metadata[name])
        return cls(settings, metadata)

    def ask(self, after: str) -> tuple[str, Asked]:
        """Return the address to lead the browser to, and what to keep until it is back."""
        asked = Asked(token_urlsafe(32), token_urlsafe(32), token_urlsafe(32), after)
        url, _ = self._client().create_authorization_url(
            self.metadata["authorization_endpoint"],
            state=asked.state,
            nonce=asked.nonce,
            code_verifier=asked.verifier,
        )
        return str(url), asked

    def answered(self, answer: dict[str, str], asked: Asked, now: int) -> dict[str, Any]:
        """Return the claims of the ID token that an answer's code is redeemed for.

        Args:
            answer: the query that the browser came back with.
            asked: what it was sent with.
            now: this moment.

        Raises:
            Refused: another state, no code, or a token that is not for us, not for this
                question, not signed by the provider, or no longer valid.
            NotReady: the provider does not answer.
        """
        if not compare_digest(answer.get("state", "").encode(), asked.state.encode()):
            raise Refused("state")
        if "code" not in answer:
            raise Refused("no code")
        with _answering():
            with self._client() as client:
                token = client.fetch_token(
                    self.metadata["token_endpoint"],
                    code=answer["code"],
                    code_verifier=asked.verifier,
                )
            keys = httpx2.get(self.metadata["jwks_uri"], timeout=_TIMEOUT).raise_for_status().json()
        return self._claims(token, keys, asked.nonce, now)

    def _client(self) -> OAuth2Client:
        secret = self.settings.oidc_client_secret
        return OAuth2Client(
            client_id=self.settings.oidc_client_id,
            client_secret=secret and secret.get_secret_value(),
            scope="openid email profile",
            redirect_uri=f"{str(self.settings.public_url).rstrip('/')}{BACK}",
            code_challenge_method="S256",
            timeout=_TIMEOUT,
        )

    def _claims(self, token: dict[str, Any], keys: Any, nonce: str, now: int) -> dict[str, Any]:
        wanted = {
            "iss": {"essential": True, "value": self.metadata["issuer"]},
            "aud": {"essential": True, "value": self.settings.oidc_client_id},
        }
        asked = {"nonce": nonce, "client_id": self.settings.oidc_client_id}
        asked |= {"access_token": token.get("access_token")}
        try:
            signed = jwt.decode(
                token["id_token"], KeySet.import_key_set(keys), algorithms=list(_ALGORITHMS)
            )
            claims = CodeIDToken(signed.claims, signed.header, wanted, asked)
            claims.validate(now // SECOND, _LEEWAY)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Refused(type(error).__name__) from error
        return dict(claims)


@contextmanager
def _answering() -> Iterator[None]:
    """Tell a provider that does not answer from one that refuses."""
    try:
        yield
    except AuthlibBaseError as error:
        raise Refused(str(error.error)) from error
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        raise NotReady(
            "the provider of single sign-on does not answer as it should",
            field="DEALCAST_OIDC_ISSUER",
            remedy=f"{type(error).__name__}: {error}"[:200],
        ) from error


def _check(settings: Settings) -> None:
    for name in ("oidc_issuer", "oidc_client_id", "public_url"):
        if getattr(settings, name) is None:
            raise NotReady(
                "single sign-on is not set up",
                field=f"DEALCAST_{name.upper()}",
                value=None,
                remedy="set it, see docs/security.md",
            )
    _check_encrypted(str(settings.oidc_issuer))


def _check_encrypted(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise NotReady(
            "the provider of single sign-on must be reached by https", field="url", value=url
        )
