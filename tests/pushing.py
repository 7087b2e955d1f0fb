"""What tests of the live interface share: a small workspace of one's own, on each database."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from rich.console import Console
from starlette.testclient import TestClient

from data.database import open_database
from data.moments import iso
from data.settings import Settings
from data.tables import write_parquet
from pipelines import ingest
from serving.api.app import create_app
from serving.security import create_key
from tests import company

NOW = company.END
ALL = ("score", "read", "write", "admin")
ENTRY = {
    "pipeline": "p",
    "deal_id": "d",
    "as_of": 1,
    "bundle": "b",
    "served_by": "model",
    "score": 5,
    "grade": "D",
    "p_won": 0.05,
    "p_lost": 0.95,
    "chances": "[[7, 0.01, 0.5]]",
}
"""An entry of the ledger, as a request's answer makes it."""


def settled(settings: Settings, company_settings: Settings, deals: int = 240) -> Settings:
    """Bring the company's history and its champion into an empty workspace."""
    source = settings.workspace / "history"
    write_parquet(company.history(), source, company.PIPELINE)
    ingest.run(source, "canonical", company.NAME, settings, Console(quiet=True))
    shutil.copytree(company_settings.bundles, settings.bundles)
    return settings


@dataclass
class Clock:
    """A clock that tests set."""

    now: int = field(default=NOW)

    def __call__(self) -> int:
        return self.now


@contextmanager
def serving(
    settings: Settings, clock: Clock | None = None, scopes: tuple[str, ...] = ALL
) -> Iterator[TestClient]:
    """Run the service over a workspace and return a client with a key."""
    engine = open_database(settings)
    key = create_key(engine, "test", scopes, NOW)
    engine.dispose()
    app = create_app(settings, clock=clock or Clock())
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def put(client: TestClient, table: str, rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    body = {"pipeline": company.NAME, "rows": rows, **more}
    answer = client.put(f"/v1/records/{table}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def rows_of(raw: dict[str, pl.DataFrame], table: str, deal_ids: list[str]) -> list[dict[str, Any]]:
    """Tell the rows of a table about some deals in the words of the interface."""
    frame = raw[table].filter(pl.col("deal_id").is_in(deal_ids))
    return [
        {
            name: iso(value) if name.endswith("at") and isinstance(value, int) else value
            for name, value in row.items()
            if value is not None
        }
        for row in frame.iter_rows(named=True)
    ]


def entries(client: TestClient, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/ledger", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def awaited(client: TestClient, count: int, **asked: Any) -> list[dict[str, Any]]:
    """Read the ledger once its writer has caught up, which it does within a second or two."""
    end = time.monotonic() + 30
    while len(found := entries(client, **asked)) < count and time.monotonic() < end:
        time.sleep(0.1)
    assert len(found) == count
    return found
