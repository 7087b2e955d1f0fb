"""What the process counts and measures, for Prometheus; metrics are the process's, as its memory.

With several workers each writes to files of `PROMETHEUS_MULTIPROC_DIR`, which `dealcast serve`
sets, and whichever is asked adds them up.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from time import perf_counter
from typing import Final

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder of several workers."""

requests: Final = Counter("dealcast_requests", "Requests answered.", ("method", "route", "status"))
request_seconds: Final = Histogram(
    "dealcast_request_seconds",
    "From a request to the end of its answer.",
    ("route",),
    buckets=_SECONDS,
)
step_seconds: Final = Histogram(
    "dealcast_step_seconds",
    "Steps of scoring what was gathered: records, features, model, tell.",
    ("step",),
    buckets=_SECONDS,
)
gathered: Final = Histogram(
    "dealcast_gathered_records",
    "Records scored in one call.",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 1_000),
)
waiting: Final = Gauge(
    "dealcast_waiting_requests", "Requests that wait to be scored.", multiprocess_mode="livesum"
)
scores: Final = Histogram(
    "dealcast_score", "Scores told.", ("pipeline",), buckets=tuple(range(10, 100, 10))
)
bundle: Final = Gauge(
    "dealcast_bundle_as_of_seconds",
    "The moment up to which the bundle knows that scored last.",
    ("pipeline", "bundle"),
    multiprocess_mode="mostrecent",
)
failed_rounds: Final = Counter(
    "dealcast_failed_rounds", "Rounds of a thread beside the requests that failed.", ("thread",)
)
lost_entries: Final = Counter(
    "dealcast_lost_ledger_entries", "Entries of the ledger that the database refused for good."
)


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answer, and measure how long it took."""
    count, time = _of_route(method, route, status)
    count.inc()
    time.observe(seconds)


@lru_cache(maxsize=1_024)  # looking for its name costs a counter more than counting
def _of_route(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return requests.labels(method, route, status), request_seconds.labels(route)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Measure a step of scoring."""
    begun = perf_counter()
    try:
        yield
    finally:
        step_seconds.labels(name).observe(perf_counter() - begun)


def exposition() -> bytes:
    """Return all metrics, of all workers, in Prometheus' text format."""
    if FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def ended() -> None:
    """Take this worker out of what counts only while it lives."""
    if FOLDER in os.environ:
        multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
