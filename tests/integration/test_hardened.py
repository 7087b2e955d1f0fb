"""The service over real HTTP: headers on every answer, deadlines, sizes, counted calls."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient

from data.database import open_database
from data.moments import now
from data.settings import Settings
from pipelines.serve import options
from serving.api.app import create_app
from serving.api.headers import HEADERS
from serving.security import create_key


@contextmanager
def served(app: FastAPI, settings: Settings) -> Iterator[int]:
    """Serve an application as `dealcast serve` does, and give its port."""
    server = uvicorn.Server(uvicorn.Config(app, **options(settings) | {"port": 0}))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=tmp_path, calls_per_minute=5)


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    with served(app_of(settings), settings) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def hasty(settings: Settings) -> Iterator[str]:
    soon = settings.model_copy(update={"request_seconds": 1.0})
    with served(app_of(soon), soon) as port:
        yield f"http://127.0.0.1:{port}"


def app_of(settings: Settings) -> FastAPI:
    app = create_app(settings)

    @app.get("/slow")
    def slow() -> None:
        time.sleep(3)

    @app.get("/fails")
    def fails() -> None:
        raise RuntimeError("a secret of our insides")

    @app.get("/long")
    def long() -> StreamingResponse:
        def parts() -> Iterator[bytes]:
            for number in range(4):
                yield b"%d\n" % number
                time.sleep(0.4)

        return StreamingResponse(parts())

    return app


@pytest.mark.parametrize("path", ["/health", "/ready", "/v1/pipelines", "/none", "/docs", "/fails"])
def test_every_answer_has_the_headers(url: str, path: str) -> None:
    answer = httpx2.get(url + path)
    for name, value in HEADERS.items():
        if not (path == "/docs" and name == "Content-Security-Policy"):
            assert answer.headers[name] == value
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "strict-transport-security" not in answer.headers
    assert "server" not in answer.headers
    assert "insides" not in answer.text


def test_https_is_told_to_stay(settings: Settings) -> None:
    strict = settings.model_copy(update={"public_url": "https://dealcast.example"})
    with TestClient(create_app(strict)) as client:
        assert "max-age" in client.get("/health").headers["strict-transport-security"]


def test_a_request_without_an_answer_in_time_is_given_up(hasty: str) -> None:
    began = time.monotonic()
    answer = httpx2.get(f"{hasty}/slow")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "takes too long" in answer.json()["title"]
    assert time.monotonic() - began < 3


def test_an_answer_that_has_begun_goes_on(hasty: str) -> None:
    assert httpx2.get(f"{hasty}/long").text.split() == ["0", "1", "2", "3"]


def test_a_body_that_trickles_in_is_given_up(hasty: str, settings: Settings) -> None:
    key = key_of(settings, "score")
    with socket.create_connection(("127.0.0.1", int(hasty.rpartition(":")[2]))) as slow:
        head = "POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        slow.sendall(
            f"{head}Authorization: Bearer {key}\r\nContent-Length: 9000\r\n\r\n{{".encode()
        )
        slow.settimeout(10)
        assert slow.recv(100).startswith(b"HTTP/1.1 503")


def test_headers_may_not_be_of_any_size(url: str) -> None:
    assert httpx2.get(f"{url}/health", headers={"X": "x" * 8_000}).status_code == 200
    with suppress(httpx2.NetworkError):  # it may hang up while we still send
        assert httpx2.get(f"{url}/health", headers={"X": "x" * 200_000}).status_code >= 400


@pytest.mark.parametrize(
    "begins",
    [
        b"GET /health HTTP/1.1\r\nX: ",
        b"GET /",
        b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_head_without_an_end_is_cut_off(url: str, begins: bytes) -> None:
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as talker:
        talker.settimeout(10)
        talker.sendall(begins)
        if begins.endswith(b"\r\n\r\n"):
            talker.sendall(b"0\r\nX: ")  # of the lines after a body
        with suppress(ConnectionError):
            for _ in range(100):
                talker.sendall(b"x" * 10_000)
                time.sleep(0.001)
            pytest.fail("a megabyte of one head was taken")


def key_of(settings: Settings, scope: str) -> str:
    engine = open_database(settings)
    key = create_key(engine, "x", [scope], now())
    engine.dispose()
    return key


def test_a_keys_calls_are_limited_and_it_is_told_when_to_come_back(
    url: str, settings: Settings
) -> None:
    headers = {"Authorization": f"Bearer {key_of(settings, 'read')}"}
    answers = [httpx2.get(f"{url}/v1/pipelines", headers=headers) for _ in range(12)]
    # a minute may begin in between, and then there are five more
    assert {answer.status_code for answer in answers} == {200, 429}
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 2
    assert all(0 < int(answer.headers["retry-after"]) <= 60 for answer in refused)
    assert refused[0].headers["content-type"] == "application/problem+json"
    others = {"Authorization": f"Bearer {key_of(settings, 'read')}"}
    assert httpx2.get(f"{url}/v1/pipelines", headers=others).status_code == 200


class Links(HTMLParser):
    """Collects what a page loads and links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: list[str | None] = []
        self.linked: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loaded += [tag] if "src" in given or tag in ("script", "link", "iframe") else []
        self.linked += [given["href"]] if "href" in given else []
        self.ids += [given["id"]] if "id" in given else []


def test_the_interfaces_page_tells_every_call_and_loads_nothing(url: str) -> None:
    page = httpx2.get(f"{url}/docs").text
    read = Links(page)
    assert read.loaded == []
    inside = {link[1:] for link in read.linked if link and link.startswith("#")}
    assert inside <= set(read.ids)
    api = httpx2.get(f"{url}/openapi.json").json()
    for path in api["paths"]:
        assert path in page
    for name in api["components"]["schemas"]:
        assert f"type-{name}" in read.ids
