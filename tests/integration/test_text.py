"""Text that a database keeps nowhere, or reads as its own, in every place that takes text."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final
from urllib.parse import quote

import pytest
from rich.console import Console
from starlette.testclient import TestClient

from data.audit import commander
from data.database import open_database
from data.settings import Settings
from pipelines import week
from serving.access.sessions import csrf_token
from serving.access.users import create_user
from tests import company
from tests.pushing import NOW, awaited, serving, settled

GOOD: Final = "correct horse battery staple"
LI: Final = {"email": "li@x.example", "name": "Li", "role": "admin"}
FIRST: Final = company.records(company.history())[0]
RECORD: Final = {n: v[:1] if isinstance(v, list) else v for n, v in FIRST.items()}
DEAL: Final = FIRST["deal"]["deal_id"]
PATH: Final = {
    "pipeline": "sales",
    "deal_id": DEAL,
    "contact_id": "P-3",
    "week": "latest",
    "webhook_id": f"wh_{'0' * 16}",
}
BODIES: Final = {
    "/v1/lists/{week}/items/{deal_id}/actions": {"action": "dismissed", "reason": "not now"},
    "/v1/score": {"pipeline": "sales", "records": [RECORD]},
    "/v1/score/stream": RECORD,
}
PAGES: Final = {
    "/week": ("week", "q", "owner", "stage", "sort", "after"),
    "/week/others": ("week", "after"),
    "/deals": ("q", "owner", "stage", "sort", "after"),
    "/funnel": ("owner", "team", "source"),
    "/forecast": ("owner", "team", "period"),
    "/attainment": ("owner", "team", "by"),
    "/reviews": ("owner", "team"),
    "/behind": ("of",),
    "/model": ("bundle",),
}
TEXTS: Final = ("a\0b", "\ud800", "'; DROP TABLE deals; --")


@pytest.fixture
def client(settings: Settings, company: Settings) -> Iterator[TestClient]:
    own = settled(settings, company).model_copy(update={"calls_per_minute": 1_000_000})
    week.run("sales", NOW, own, Console(quiet=True))
    engine = open_database(own)
    create_user(engine, LI, GOOD, NOW, commander())
    engine.dispose()
    with serving(own) as client:
        client.follow_redirects = False
        signed = client.post("/sign-in", data={"email": LI["email"], "password": GOOD})
        assert signed.headers["location"] == "/"
        yield client


def test_no_text_is_a_fault_of_ours_and_the_ledger_goes_on(client: TestClient) -> None:
    faults = []
    for text in TEXTS:
        for method, path, sent in [*calls(client, text), *of_pages(client, text)]:
            answer = client.request(method, path, **sent)
            if answer.status_code >= 500:
                faults.append((method, path, sent, answer.text))
    assert not faults
    last = RECORD | {"deal": RECORD["deal"] | {"deal_id": "the last"}}
    (told,) = client.post("/v1/score", json=BODIES["/v1/score"] | {"records": [last]}).json()[
        "scores"
    ]
    (entry,) = awaited(client, 1, deal_id="the last")
    assert entry["score"] == told["score"]


def test_a_snooze_ends_within_time(client: TestClient) -> None:
    for days, status in (("7", 303), ("99999999999999", 422), ("٣", 303)):
        sent = client.post("/week/acts", data=form(client) | {"act": f"snoozed-{days}"})
        assert sent.status_code == status, sent.text


def calls(client: TestClient, text: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield a call for each place of each operation, with the text in this place alone."""
    document = client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            asked = operation.get("parameters", [])
            queries = [one["name"] for one in asked if one["in"] == "query"]
            query = "?pipeline=sales" if "pipeline" in queries else ""
            body = body_of(document, path, operation)
            for one in [one["name"] for one in asked if one["in"] == "path"]:
                yield method, path.format(**PATH | {one: in_address(text)}) + query, sent(body)
            for one in queries:
                rest = query.replace("?", "&") if one != "pipeline" else ""
                there = f"{path.format(**PATH)}?{one}={in_address(text)}{rest}"
                yield method, there, sent(body)
            for changed in with_text(body, text):
                yield method, path.format(**PATH) + query, sent(changed)


def in_address(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def body_of(document: dict[str, Any], path: str, operation: dict[str, Any]) -> Any:
    """Return a body that fits: our own, or the document's example."""
    if path in BODIES or "requestBody" not in operation:
        return BODIES.get(path)
    ((_, content),) = operation["requestBody"]["content"].items()
    name = content["schema"]["$ref"].rpartition("/")[2]
    example = document["components"]["schemas"][name]["examples"][0]
    return json.loads(json.dumps(example).replace('"loans"', '"sales"').replace("L-17", DEAL))


def sent(body: Any) -> dict[str, Any]:
    if body is None:
        return {}
    return {"content": json.dumps(body), "headers": {"Content-Type": "application/json"}}


def with_text(body: Any, text: str) -> Iterator[Any]:
    """Yield the body once for each text in it, with the other in its place."""
    for place in places(body):
        changed = deepcopy(body)
        inner = changed
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = text
        yield changed


def places(body: Any) -> Iterator[list[Any]]:
    found = body.items() if isinstance(body, dict) else enumerate(body or ())
    for step, value in found:
        if isinstance(value, str):
            yield [step]
        for rest in places(value) if isinstance(value, dict | list) else ():
            yield [step, *rest]


def of_pages(client: TestClient, text: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the same for the pages and their forms."""
    for path, words in PAGES.items():
        for one in ("pipeline", *words):
            yield "GET", f"{path}?{one}={in_address(text)}", {}
    yield "GET", f"/deals/sales/{in_address(text)}", {}
    yield "GET", f"/deals/{in_address(text)}/{DEAL}", {}
    good = form(client)
    for one in good:
        changed = "&".join(f"{n}={in_address(text if n == one else v)}" for n, v in good.items())
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        yield "POST", "/week/acts", {"content": changed, "headers": kind}


def form(client: TestClient) -> dict[str, str]:
    """Return a form of the weekly list that fits."""
    deal = client.get("/v1/lists/latest?pipeline=sales").json()["items"][0]["deal_id"]
    csrf = csrf_token(client.cookies["dealcast_session"])
    item = {"pipeline": "sales", "week": "latest", "deal": deal}
    return item | {"act": "dismissed", "reason": "x", "next": "/week", "csrf": csrf}
