"""How fast pages answer where very many deals are open: over HTTP, as a user gets them."""

import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx2
from rich.console import Console

from benchmarks.desk.large import counted, enlarge
from data.audit import commander
from data.database import open_database
from data.moments import DAY, iso_date, now, parse_moment
from data.settings import Settings
from models.boosting import Settings as Fitting
from pipelines import ingest, simulate, train, week
from serving.access.users import create_user
from serving.desk.store import CURRENT

PIPELINE: Final = "opportunities"
END: Final = "2026-06-29"
DEALS: Final = 2_000
OPEN: Final = 200_000
TIMES: Final = 9
WITHIN_S: Final = 0.5
PATHS: Final = (
    *("/week", "/week?sort=-chance", "/week/others", "/deals", "/deals?sort=title"),
    *("/deals?q=O0001", "/deals/{deal}", "/funnel", "/forecast", "/attainment", "/reviews"),
    *("/behind?outcome=open", "/model"),
)
_PASSWORD: Final = "korrekt-pferd-batterie"  # noqa: S105 - of a user that lives for minutes


def measured(say: Callable[[str], None], workspace: Path | None = None) -> dict[str, Any]:
    """Make the workspace, serve it, and ask for every page.

    Args:
        say: where to say what goes on.
        workspace: one that is there already and large; by default it is made.
    """
    with TemporaryDirectory(prefix="dealcast-pages-") as scratch:
        settings = Settings(workspace=workspace or Path(scratch) / "workspace")
        if workspace is None:
            _make(settings, say)
        rows = counted(settings, PIPELINE)
        with _served(settings) as client:
            cold = {path: round(_timed(client, path)[0], 3) for path in PATHS}
            say("asked for every page once")
            warm = {path: _asked(client, path) for path in PATHS}
            renewed = _while_renewed(settings, client)
    return {
        "date": iso_date(now()),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
        "rows": rows,
        "times": TIMES,
        "first": cold,
        "pages": warm,
        "renewed": renewed,
    }


def _make(settings: Settings, say: Callable[[str], None]) -> None:
    end, quiet = parse_moment(END), Console(quiet=True)
    settings.workspace.mkdir(parents=True, exist_ok=True)
    simulate.run(settings.workspace / "company", DEALS, 3.0, 0, END, quiet)
    ingest.run(settings.workspace / "company" / PIPELINE, "canonical", PIPELINE, settings, quiet)
    fitting = Fitting(threads=settings.threads, folds=2, rounds=60, rows_per_booster=20_000)
    train.run(PIPELINE, end - 14 * DAY, settings, quiet, 0, end - 280 * DAY, fitting)
    for at in (end - 7 * DAY, end):
        week.run(PIPELINE, at, settings, quiet)
    say("trained and published; copying")
    enlarge(settings, PIPELINE, OPEN)


@contextmanager
def _served(settings: Settings) -> Iterator[httpx2.Client]:
    """Serve a workspace and sign in as sales operations."""
    engine = open_database(settings)
    name = f"bench-{datetime.now(UTC):%H%M%S}@company.example"
    fields = {"email": name, "name": "Bench", "role": "operations", "language": "zh"}
    create_user(engine, fields, _PASSWORD, now(), commander())
    engine.dispose()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = str(Path(sys.executable).with_name("dealcast"))
    told = [command, "serve", "--port", str(port), "--workspace", str(settings.workspace)]
    with subprocess.Popen(told, stderr=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            transport = httpx2.HTTPTransport(retries=10)
            with httpx2.Client(
                base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=120
            ) as client:
                while not client.get("/ready").is_success:
                    time.sleep(0.05)
                client.post("/sign-in", data={"email": name, "password": _PASSWORD})
                yield client
        finally:
            server.terminate()


def _timed(client: httpx2.Client, path: str) -> tuple[float, int]:
    """Return the seconds of one answer, and how long the answer is."""
    deal = f"{PIPELINE}/O0001893"
    begun = time.perf_counter()
    answer = client.get(path.format(deal=deal))
    took = time.perf_counter() - begun
    if answer.status_code not in (200, 404, 503):  # not in time counts as slow
        answer.raise_for_status()
    return took, len(answer.content)


def _asked(client: httpx2.Client, path: str) -> dict[str, float]:
    took = [_timed(client, path) for _ in range(TIMES)]
    seconds = sorted(one for one, _ in took)
    return {
        "median_s": round(statistics.median(seconds), 3),
        "most_s": round(seconds[-1], 3),
        "bytes": took[0][1],
    }


def _while_renewed(settings: Settings, client: httpx2.Client) -> dict[str, float]:
    """Name the desk current anew, and ask for pages until well after it was taken up."""
    (settings.desks / PIPELINE / CURRENT).touch()
    ends, found = time.monotonic() + 30, []
    while time.monotonic() < ends:
        found += [_timed(client, path)[0] for path in ("/forecast", "/funnel", "/attainment")]
        time.sleep(0.1)
    return {"requests": len(found), "most_s": round(max(found), 3)}
