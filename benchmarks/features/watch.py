"""Run a command and watch it with all that it starts: wall, processor time, memory."""

import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_EVERY_S = 0.2
_TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


@dataclass
class Watched:
    """What a command took.

    Attributes:
        exit_code: 0 when all went well, below 0 when it was killed.
        wall_s: seconds from start to end.
        cpu_s: processor seconds of all its processes.
        peak_mb: the most memory that they held at once, in 10^6 bytes, looked at five times a
            second; pages of files that are mapped count, pages that two share count twice.
    """

    exit_code: int
    wall_s: float
    cpu_s: float
    peak_mb: float

    def to_dict(self) -> dict[str, Any]:
        """Return what a record holds."""
        return asdict(self)


def watch(command: list[str], limit_s: float, threads: int, log: Path) -> Watched:
    """Run a command, and kill it with all that it started when its time is over.

    Args:
        command: the program and its arguments.
        limit_s: wall seconds until it is killed.
        threads: how many its libraries may use.
        log: the file that gets what it prints.
    """
    names = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    started, peak, worked = time.monotonic(), 0.0, dict[int, float]()
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            command, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        while process.poll() is None and time.monotonic() - started < limit_s:
            held, spent = _session(process.pid)
            peak, worked = max(peak, held), worked | spent
            time.sleep(_EVERY_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    return Watched(code, time.monotonic() - started, sum(worked.values()), peak / 1e6)


def _session(leader: int) -> tuple[float, dict[int, float]]:
    """Return the bytes held by the processes of a session, and each one's processor seconds."""
    held, spent = 0.0, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(told[3]) == leader:
            held += int(told[21]) * _PAGE
            spent[int(stat.parent.name)] = (int(told[11]) + int(told[12])) / _TICKS
    return held, spent
