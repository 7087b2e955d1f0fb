"""`python -m benchmarks.features`: make companies, run the contenders, write the page."""

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
import typer

from benchmarks.features import task
from benchmarks.features.page import PEERS, page
from benchmarks.features.watch import watch
from data.errors import NotReady

HERE: Final = Path(__file__).resolve().parent
FEAST: Final = HERE.parents[1] / ".venv-feast" / "bin" / "python"
THREADS: Final = 2
_OURS: Final = ("-m", "benchmarks.features.ours")
CONTENDERS: Final[dict[str, tuple[str, ...]]] = {
    "polars": (sys.executable, *_OURS, "polars"),
    "duckdb": (sys.executable, *_OURS, "duckdb"),
    "spark": (sys.executable, *_OURS, "spark"),
    "pandas": (sys.executable, "-m", "benchmarks.features.pandas_way"),
    "feast": (str(FEAST), "-m", "benchmarks.features.peers.feast_join"),
}
_PACKAGES: Final = ("polars", "narwhals", "duckdb", "pyspark", "pandas")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Folder = Annotated[Path, typer.Option(help="Where companies and features lie.")]


@dataclass(frozen=True)
class Run:
    """A contender at a size; `late` is the share of the facts entered late."""

    contender: str
    deals: int
    late: float


def plan(only: list[str], sizes: list[int]) -> Iterator[Run]:
    """Say what runs: engines grow on late facts, peers meet Polars where nothing is late.

    A value that happened before what is held, and was entered after it, is what peers get wrong.
    """
    engines = [name for name in CONTENDERS if name in only and name not in PEERS]
    peers = [name for name in PEERS if name in only]
    for deals in sizes:
        yield from (Run(name, deals, 0.2) for name in engines)
        yield from (Run(name, deals, 0.0) for name in (["polars", *peers] if peers else []))


@app.command("run")
def run_command(
    only: Annotated[list[str] | None, typer.Option("--contender", help="Only this.")] = None,
    deals: Annotated[list[int] | None, typer.Option(help="Sizes; repeat for more.")] = None,
    limit: Annotated[float, typer.Option(help="Wall seconds until a run is killed.")] = 3_600,
    work: Folder = HERE / "work",
    out: Folder = HERE,
) -> None:
    """Run each contender at each size, the smallest first, and keep what it took."""
    file = out / "features.json"
    records = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    for run in plan(only or list(CONTENDERS), sorted(deals or [10_000, 100_000, 1_000_000])):
        record = _record(run, limit, work)
        typer.echo(json.dumps(record))
        records = [one for one in records if _which(one) != _which(record)] + [record]
        file.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


@app.command("page")
def page_command(out: Folder = HERE) -> None:
    """Write RESULTS.md from features.json."""
    records = json.loads((out / "features.json").read_text(encoding="utf-8"))
    (out / "RESULTS.md").write_text(page(records), encoding="utf-8")


def _which(record: dict[str, Any]) -> tuple[str, int, float]:
    return record["contender"], record["deals"], record["late"]


def _record(run: Run, limit_s: float, work: Path) -> dict[str, Any]:
    """Run it, and compare its values with those of Polars on the same company."""
    if run.contender == "feast" and not FEAST.is_file():
        raise NotReady("Feast's environment is not there", remedy="run `make bench-feast`")
    folder = work / f"{run.deals}-{run.late}"
    folder.mkdir(parents=True, exist_ok=True)
    task.write(folder, run.deals, run.late)
    found = folder / "features" / run.contender
    shutil.rmtree(found, ignore_errors=True)
    found.parent.mkdir(exist_ok=True)
    os.sync()  # or a run would wait for what the one before it wrote
    load = os.getloadavg()[0]
    log = folder / f"{run.contender}.log"
    command = [*CONTENDERS[run.contender], str(folder), str(found)]
    watched = watch(command, limit_s, THREADS, log)
    done = watched.exit_code == 0
    return {
        "contender": run.contender,
        **task.size(folder),
        **watched.to_dict(),
        **(_found(found, folder / "features" / "polars") if done else {}),
        "machine": {"cpus": os.cpu_count(), "memory_gb": _memory_gb(), "load_before": load},
        "versions": {"python": platform.python_version()} | {n: version(n) for n in _PACKAGES},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _found(found: Path, polars: Path) -> dict[str, Any]:
    """Say how much there is, and which columns hold other values than those of Polars."""
    rows = pl.scan_parquet(found / "*.parquet")
    compare = found != polars and polars.is_dir()
    return {
        "features": len(rows.collect_schema()) - 2,
        "rows": rows.select(pl.len()).collect().item(),
        "differing": task.differing(polars, found) if compare else None,
    }


def _memory_gb() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


if __name__ == "__main__":
    app()
