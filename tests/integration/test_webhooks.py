"""Webhooks, sent to a real receiver that fails first."""

import asyncio
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa

from data.errors import BadInput, NotFound
from data.moments import DAY, HOUR, SECOND, iso
from data.outbox import deliveries, webhooks
from data.settings import Settings
from serving import deliveries as sent_by
from serving.deliveries import SIGNATURE, Sender, checked, wait
from serving.webhooks import redeliver
from tests import company
from tests.pushing import NOW, Clock, put, serving, settled

OPEN = [record["deal"]["deal_id"] for record in company.records(company.history())]


class Receiver(ThreadingHTTPServer):
    """Answers with the codes it was given, then with 204; keeps what it got."""

    def __init__(self, *codes: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.codes = list(codes)
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        code = self.server.codes.pop(0) if self.server.codes else 204
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver(500, 302)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def close_soon(deal: str) -> list[dict[str, Any]]:
    """Tell facts that move a deal's score a lot."""
    return [
        {"deal_id": deal, "kind": "call", "at": iso(NOW - n * DAY // 4), "activity_id": f"w{n}"}
        for n in range(20)
    ]


def test_a_move_is_told_signed_until_it_arrives(
    settings: Settings, company: Settings, receiver: Receiver
) -> None:
    private = {"webhook_private": True, "webhook_close_days": 0.01, "workspace": settings.workspace}
    workspace = settled(settings, company).model_copy(update=private)
    clock = Clock()
    with serving(workspace, clock) as client:
        body = {"pipeline": "sales", "url": receiver.url}
        made = client.post("/v1/webhooks", json=body)
        assert made.status_code == 201, made.text
        hook, secret = made.json()["webhook_id"], made.json()["secret"]
        assert secret not in client.get("/v1/webhooks").text
        put(client, "activities", [close_soon(OPEN[0])[0]])  # the first score moves nothing
        put(client, "activities", close_soon(OPEN[0]))
        end = time.monotonic() + 60
        while time.monotonic() < end:
            clock.now += HOUR
            time.sleep(0.1)
            sent_so_far = client.get(f"/v1/webhooks/{hook}/deliveries").json()
            if sent_so_far and sent_so_far[0]["state"] == "delivered":
                break
        (told,) = client.get(f"/v1/webhooks/{hook}/deliveries").json()
        # an error, a redirect that is not followed, and then it arrives
        assert (told["state"], told["attempts"]) == ("delivered", 3)
        assert told["deal_id"] == OPEN[0]
        headers, sent = receiver.got[-1]
        stamp, signature = (part[part.index("=") + 1 :] for part in headers[SIGNATURE].split(","))
        expected = hmac.new(secret.encode(), f"{stamp}.".encode() + sent, sha256).hexdigest()
        assert signature == expected
        event = json.loads(sent)
        assert told["event_id"] == event["event_id"]
        assert (event["type"], event["deal_id"]) == ("deal.moved", OPEN[0])
        assert event["before"] != event["after"]
        assert {body for _, body in receiver.got} == {sent}
        assert client.delete(f"/v1/webhooks/{hook}").status_code == 204
        assert client.get("/v1/webhooks").json() == []


def owe(database: sa.Engine, hook: str, url: str) -> None:
    """Register a webhook that is owed one delivery."""
    made = {"webhook_id": hook, "pipeline": "p", "url": url, "secret": "s"}
    due = {"webhook_id": hook, "pipeline": "p", "deal_id": "d", "event": "{}"}
    due |= {"created_at": 0, "state": "due", "attempts": 0, "next_at": 0}
    with database.begin() as connection:
        connection.execute(sa.insert(webhooks), made | {"created_at": 0, "created_by": "x"})
        connection.execute(sa.insert(deliveries), due)


def states(database: sa.Engine) -> dict[str, tuple[str, int, str | None]]:
    with database.connect() as connection:
        rows = connection.execute(sa.select(deliveries)).all()
    return {row.webhook_id: (row.state, row.attempts, row.failure) for row in rows}


class Dripping(BaseHTTPRequestHandler):
    """Answers byte by byte and comes to no end."""

    def do_POST(self) -> None:
        with suppress(OSError):
            for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 600:
                self.wfile.write(bytes([byte]))
                time.sleep(0.1)

    def log_message(self, *_: Any) -> None:
        pass


def test_a_receiver_that_answers_byte_by_byte_holds_nobody_up(
    database: sa.Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_by, "_TIMEOUT_SECONDS", 1.0)
    receiver.codes.clear()
    slow = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    slow.daemon_threads = True
    threading.Thread(target=slow.serve_forever, daemon=True).start()
    owe(database, "wh_1", f"http://127.0.0.1:{slow.server_port}/")
    owe(database, "wh_2", receiver.url)
    assert Sender(database, lambda: 0, attempts=3, private=True).send_due() == 2
    slow.shutdown()
    slow.server_close()
    told = states(database)
    assert told["wh_2"] == ("delivered", 1, None)
    assert told["wh_1"][:2] == ("due", 1)
    assert "TimeoutError" in (told["wh_1"][2] or "")


def test_a_name_server_that_is_silent_holds_nobody_up(
    database: sa.Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_by, "_TIMEOUT_SECONDS", 1.0)
    receiver.codes.clear()
    silent = threading.Event()

    def looked_up(url: str, private: bool) -> str:
        if "silent" in url:
            silent.wait(3)
        return checked(url, private)

    monkeypatch.setattr(sent_by, "checked", looked_up)
    for number in range(15):
        owe(database, f"wh_{number}", "http://silent.example/")
    owe(database, "wh_good", receiver.url)
    assert Sender(database, lambda: 0, attempts=3, private=True).send_due() == 16
    told = states(database)
    assert told.pop("wh_good") == ("delivered", 1, None)
    assert {one[:2] for one in told.values()} == {("due", 1)}


def test_of_a_delivery_that_two_workers_took_the_later_one_tells(
    database: sa.Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.codes.clear()
    owe(database, "wh_1", receiver.url)
    moment = [0]
    slow, quick = (Sender(database, lambda: moment[0], 3, private=True) for _ in range(2))

    async def fail_late(*_: Any) -> str:
        moment[0] += 2 * 60 * SECOND  # by then another may have taken it
        assert await asyncio.to_thread(quick.send_due) == 1
        return "TimeoutError"

    monkeypatch.setattr(slow, "_failure", fail_late)
    assert slow.send_due() == 1
    assert states(database)["wh_1"] == ("delivered", 1, None)


def test_what_never_arrives_dies_and_is_sent_again_on_order(database: sa.Engine) -> None:
    moment = [0]
    owe(database, "wh_1", "http://127.0.0.1:1/")
    sender = Sender(database, lambda: moment[0], attempts=3, private=True)
    for attempt in range(1, 4):
        assert sender.send_due() == 1
        assert sender.send_due() == 0  # not yet again
        with database.connect() as connection:
            row = connection.execute(sa.select(deliveries)).one()
        assert row.attempts == attempt
        moment[0] = row.next_at
    assert row.state == "dead"
    assert "ConnectError" in row.failure
    assert redeliver(database, "wh_1", moment[0]) == 1
    assert sender.send_due() == 1
    with pytest.raises(NotFound, match="no such webhook"):
        redeliver(database, "wh_2", moment[0])


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:100.64.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[fec0::1]/",
        "https://224.0.0.1/",
        "https://0.0.0.0/",
        "https://user:pass@1.1.1.1/",
        "ftp://1.1.1.1/",
        "file:///etc/passwd",
        "https://",
        "https://1.1.1.1:99999/",
    ],
)
def test_our_own_net_is_not_called(url: str) -> None:
    with pytest.raises(BadInput):
        checked(url, private=False)


def test_a_host_of_the_internet_is_called_at_the_address_looked_up() -> None:
    assert checked("https://1.1.1.1:8443/x", private=False) == "1.1.1.1"
    assert checked("https://[64:ff9b::101:101]/", private=False) == "64:ff9b::101:101"
    assert checked("http://127.0.0.1:9/", private=True) == "127.0.0.1"


def test_waits_grow_and_end() -> None:
    waits = [max(wait(attempt) for _ in range(50)) for attempt in range(1, 30)]
    assert waits[0] <= 5 * SECOND < waits[3]
    assert max(waits) <= 6 * 3_600 * SECOND
