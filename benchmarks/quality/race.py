"""Run contenders on tasks; each result is a folder of its own, so that a race can go on later."""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.quality.contenders import CONTENDERS, Contender
from benchmarks.quality.entry import CORES
from benchmarks.quality.measure import measure
from benchmarks.quality.task import Task

ROOT: Final = Path(__file__).resolve().parents[2]
PEERS_PYTHON: Final = ROOT / ".venv-peers" / "bin" / "python"
RECORD: Final = "record.json"
PROBABILITIES: Final = "probabilities.npy"
_GRACE: Final = 1.25
"""A contender is killed when it has taken its clock this many times, and a minute for loading."""
_LOADING_S: Final = 60.0
_NOTHING: Final[dict[str, Any]] = {"versions": {}, "peak_mb": None}


@dataclass(frozen=True)
class Run:
    """One contender on one task: on a clock, or once for all clocks (None)."""

    dataset: str
    contender: Contender
    clock_s: int | None
    seed: int

    @property
    def name(self) -> str:
        """The name of its folder."""
        clock = "any" if self.clock_s is None else f"{self.clock_s}s"
        return f"{self.dataset}.{self.contender.name}.{clock}.{self.seed}"


def runs(
    tasks: Sequence[Task], names: Sequence[str], clocks_s: Sequence[int], seeds: Sequence[int]
) -> Iterator[Run]:
    """Yield what is to be run, the quick contenders first."""
    for contender in (CONTENDERS[name] for name in CONTENDERS if name in names):
        for task in tasks:
            if contender.needs_dates and not task.dated:
                continue
            for clock_s in clocks_s if contender.clocked else (None,):
                for seed in seeds:
                    yield Run(task.name, contender, clock_s, seed)


def race(
    planned: Sequence[Run],
    longest_s: int,
    tasks: Path,
    results: Path,
    say: Callable[[str], None],
) -> None:
    """Run what has no record yet, one after the other.

    Args:
        planned: see `runs`.
        longest_s: the clock of those that need none.
        tasks: the folder of exported tasks.
        results: the folder that gets a folder for each run.
        say: told each step.
    """
    for run in planned:
        folder = results / run.name
        if (folder / RECORD).is_file():
            say(f"{run.name}: there")
            continue
        say(f"{run.name}: runs")
        record = _run(run, run.clock_s or longest_s, tasks / run.dataset, folder)
        (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        say(f"{run.name}: {record['error'] or 'done'}, {record['wall_s']:.0f} s")


def _run(run: Run, seconds: int, task: Path, folder: Path) -> dict[str, Any]:
    """Run a contender and return its record."""
    folder.mkdir(parents=True, exist_ok=True)
    out, log = folder / PROBABILITIES, folder / "log.txt"
    python = PEERS_PYTHON if run.contender.is_peer else Path(sys.executable)
    arguments = (task.resolve(), run.contender.name, seconds, run.seed, out.resolve())
    command = [str(python), "-m", "benchmarks.quality.entry", *map(str, arguments)]
    load, started = os.getloadavg()[0], datetime.now(UTC)
    measured = measure(command, seconds * _GRACE + _LOADING_S, CORES, ROOT, log)
    about = out.with_suffix(".json")
    return {
        "dataset": run.dataset,
        "contender": run.contender.name,
        "clock_s": run.clock_s,
        "seed": run.seed,
        "error": _error(measured.exit_code, log),
        **asdict(measured),
        **(json.loads(about.read_text("utf-8")) if measured.exit_code == 0 else _NOTHING),
        "machine": {**_machine(), "load_before": load},
        "date": started.isoformat(timespec="seconds"),
    }


def _error(exit_code: int, log: Path) -> str | None:
    """Return why there is no result: killed by the clock, or the last line that was printed."""
    if exit_code == 0:
        return None
    if exit_code < 0:
        return "killed"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else f"exit code {exit_code}"


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": min(CORES, os.cpu_count() or 1),
        "memory_gb": round(memory / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }
