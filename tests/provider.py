"""A small OpenID provider over real HTTP on loopback, which can be told to lie."""

import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "dealcast", "a secret of the test's provider"


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "1"})


class Provider(ThreadingHTTPServer):
    """Signs everybody in at once as `person`; `lies` go into the token in place of the truth."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.key = _key()
        self.signing = self.key
        self.person: dict[str, Any] = {}
        self.lies: dict[str, Any] = {}
        self.asked: dict[str, dict[str, str]] = {}

    def authorize(self, query: dict[str, str]) -> str:
        code = token_urlsafe(8)
        self.asked[code] = query
        answer = urlencode({"code": code, "state": query["state"]})
        return f"{query['redirect_uri']}?{answer}"

    def token(self, form: dict[str, str], credentials: str) -> dict[str, Any]:
        """Redeem a code once, for the client that has its secret and the question's verifier."""
        assert b64decode(credentials.removeprefix("Basic ")).decode() == f"{CLIENT}:{SECRET}"
        asked = self.asked.pop(form["code"])
        digest = sha256(form["code_verifier"].encode()).digest()
        assert asked["code_challenge_method"] == "S256"
        assert asked["code_challenge"] == urlsafe_b64encode(digest).decode().rstrip("=")
        assert asked["redirect_uri"] == form["redirect_uri"]
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
            **self.lies,
        }
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signing)
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        here = self.server.issuer
        if parts.path == "/authorize":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.send_response(302)
            self.send_header("Location", self.server.authorize(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif parts.path == "/keys":
            self._answer(KeySet([self.server.key]).as_dict(private=False))
        else:
            ends = {"authorization": "authorize", "token": "token"}
            told = {f"{name}_endpoint": f"{here}/{path}" for name, path in ends.items()}
            self._answer({"issuer": here, "jwks_uri": f"{here}/keys", **told})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self._answer(self.server.token(form, self.headers["Authorization"]))

    def _answer(self, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running() -> Iterator[Provider]:
    """Run a provider until left."""
    with Provider() as provider:
        thread = Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            provider.shutdown()
            thread.join()
