"""`make bench-serving`: every service in turn under the same load, and a page of it."""

import json
import os
import platform
import subprocess
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeAlias

from benchmarks.serving.fresh import fresh
from benchmarks.serving.load import Call, Heard, load
from benchmarks.serving.material import Material, material
from benchmarks.serving.page import page
from benchmarks.serving.services import BIN, Running, running
from data.settings import Settings

HERE: Final = Path(__file__).parent
_ROUNDS: Final = 4
"""Turns in which all are asked: a machine's pace drifts, and is to meet all alike."""
Scenario: TypeAlias = tuple[str, int, list[Call]]
"""Its name, how many deals a call has, and the calls."""
Service: TypeAlias = tuple[list[str], str, dict[str, str], list[Scenario]]
"""Its command, the path that says it is ready, its environment, and what it is asked."""
PACKAGES: Final = ("dealcast", "fastapi", "uvicorn", "polars", "narwhals", "lightgbm", "mlflow")


def main() -> None:
    """Run the race in a workspace, made if need be, and write results and page."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, default=HERE / "work" / "workspace")
    parser.add_argument("--pipeline", default="opportunities")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="of each service")
    parser.add_argument("--only", nargs="*", help="services, all by default")
    asked = parser.parse_args()
    settings = Settings(workspace=asked.workspace)
    if not settings.bundles.is_dir():
        subprocess.run(  # noqa: S603 - our own command line
            [BIN / "dealcast", "demo", "--deals", "4000", "--workspace", asked.workspace],
            check=True,
        )
    stand = ["score", "--pipeline", asked.pipeline, "--workspace", str(asked.workspace)]
    subprocess.run([BIN / "dealcast", *stand], check=True)  # noqa: S603 - our own command line
    found = material(settings, asked.pipeline, deals=200)
    results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "load_before": round(os.getloadavg()[0], 2),
        },
        "versions": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "seconds": asked.seconds,
        "workers": asked.workers,
        "facts_a_record": _facts(found),
        "runs": list(_race(settings, found, asked)),
        "fresh": _fresh(settings, asked),
    }
    (HERE / "serving.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (HERE / "RESULTS.md").write_text(page(results), encoding="utf-8")


def _facts(found: Material) -> float:
    kinds = ("changes", "activities", "checklist", "contacts")
    total = sum(len(record[kind]) for record in found.records for kind in kinds)
    return round(total / len(found.records), 1)


def _race(settings: Settings, found: Material, asked: Any) -> Iterator[dict[str, Any]]:
    log = HERE / "work"
    log.mkdir(exist_ok=True)
    rows = [{"dataframe_records": [row]} for row in found.rows]
    workers = ["--workers", str(asked.workers)]
    uvicorn = [str(BIN / "uvicorn"), "--port", "{port}", "--no-access-log", *workers]
    services: dict[str, Service] = {
        "empty route": (
            [*uvicorn, "benchmarks.serving.empty:app"],
            "/ready",
            {},
            [("one", 1, _calls("/score", [{"deal_ids": ["x"]}]))],
        ),
        "dealcast": (
            _serve(settings, asked),
            "/ready",
            {"DEALCAST_CALLS_PER_MINUTE": "100000000"},
            _of_dealcast(settings, found),
        ),
        "handwritten": (
            [*uvicorn, "benchmarks.serving.handwritten:app"],
            "/ready",
            {"DEALCAST_BENCH_BUNDLE": str(found.bundle)},
            [
                ("one", 1, _calls("/score", [[row] for row in found.rows])),
                ("hundred", 100, _calls("/score", [found.rows[:100]])),
            ],
        ),
        "mlflow models serve": (
            [
                *(str(BIN / "mlflow"), "models", "serve", "--env-manager", "local"),
                *("-m", f"models:/dealcast-{found.pipeline}@champion", "--port", "{port}"),
                *workers,
            ],
            "/ping",
            {"MLFLOW_TRACKING_URI": settings.tracking_uri},
            [
                ("one", 1, _calls("/invocations", rows)),
                ("hundred", 100, _calls("/invocations", [{"dataframe_records": found.rows[:100]}])),
            ],
        ),
    }
    heard: dict[tuple[str, str, int, str], list[Heard]] = {}
    state: dict[str, dict[str, float]] = {}
    for _ in range(_ROUNDS):
        for name, (command, ready, environment, scenarios) in services.items():
            if asked.only and name not in asked.only:
                continue
            file = log / f"{name.replace(' ', '-')}.log"
            with running(command, ready, environment, file) as service:
                for scenario, deals, calls in scenarios:
                    for clients, said in _put(service, deals, calls, asked.seconds / _ROUNDS):
                        heard.setdefault((name, scenario, deals, clients), []).append(said)
                state[name] = {"memory_mb": service.memory_mb(), "start_s": service.start_s}
    for (name, scenario, deals, clients), rounds in heard.items():
        told = Heard.of_all(rounds).told(deals)
        yield {"service": name, "scenario": scenario, "clients": clients, **told, **state[name]}


def _fresh(settings: Settings, asked: Any) -> dict[str, float] | None:
    """Measure how soon a pushed fact shows; None where Dealcast is not asked."""
    if asked.only and "dealcast" not in asked.only:
        return None
    with running(_serve(settings, asked), "/ready", {}, HERE / "work" / "fresh.log") as service:
        return fresh(f"http://127.0.0.1:{service.port}", _key(settings), asked.pipeline)


def _serve(settings: Settings, asked: Any) -> list[str]:
    return [
        *(str(BIN / "dealcast"), "serve", "--port", "{port}"),
        *("--workspace", str(settings.workspace), "--workers", str(asked.workers)),
    ]


def _key(settings: Settings) -> str:
    made = subprocess.run(  # noqa: S603 - our own command line
        [
            *(str(BIN / "dealcast"), "keys", "create", "--name", "bench", "--scope", "write"),
            *("--scope", "score", "--scope", "read", "--workspace", str(settings.workspace)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout.strip()


def _of_dealcast(settings: Settings, found: Material) -> list[Scenario]:
    key = {"Authorization": f"Bearer {_key(settings)}"}

    def whole(records: list[dict[str, Any]]) -> dict[str, Any]:
        return {"pipeline": found.pipeline, "as_of": found.as_of, "records": records}

    ids = [{"deal_ids": [record["deal"]["deal_id"]]} for record in found.records]
    return [
        ("one", 1, _calls("/v1/score", [whole([one]) for one in found.records], key)),
        ("hundred", 100, _calls("/v1/score", [whole(found.records[:100])], key)),
        ("by id", 1, _calls(f"/v1/pipelines/{found.pipeline}/deals/score", ids, key)),
    ]


def _calls(path: str, bodies: Sequence[Any], headers: dict[str, str] | None = None) -> list[Call]:
    return [Call(path, json.dumps(body).encode(), headers or {}) for body in bodies]


def _put(
    service: Running, deals: int, calls: list[Call], seconds: float
) -> Iterator[tuple[str, Heard]]:
    """Warm up all workers, then ask with one client and with 64; what is not served is left out."""
    warm = load(service.port, calls, 64, seconds / 5)
    if warm.failed == len(warm.latencies):
        return
    alone = load(service.port, calls, 1, seconds)
    pace = 0.5 * len(alone.latencies) / alone.seconds
    yield "1 client", alone
    timed = load(service.port, calls, 1, seconds, pace)
    yield "1 client on a timetable, at half that pace", timed
    if deals == 1:
        yield "64 clients", load(service.port, calls, 64, seconds)


if __name__ == "__main__":
    main()
