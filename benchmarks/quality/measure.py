"""Run a command on a clock, and say what it took of wall and processor time."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
_SLEEP = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait sleep: spinning would count as work, and on a busy machine take minutes."""


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Attributes:
        exit_code: 0 when all went well, below 0 when it was killed.
        wall_s: seconds from start to end.
        cpu_s: processor seconds, of its children too as far as it waited for them.
    """

    exit_code: int
    wall_s: float
    cpu_s: float


def measure(command: list[str], limit_s: float, cores: int, folder: Path, log: Path) -> Measured:
    """Run a command in `folder` and kill it, with all that it started, when its time is over.

    Args:
        command: the program and its arguments.
        limit_s: wall seconds until it is killed.
        cores: how many threads its libraries may use.
        folder: where it runs.
        log: the file that gets what it prints.
    """
    environment = os.environ | dict.fromkeys(_THREADS, str(cores)) | _SLEEP
    started = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            command,
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    timer = threading.Timer(limit_s, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:  # interrupted: what was started has a session of its own, and would go on
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        exit_code=process.returncode,
        wall_s=time.monotonic() - started,
        cpu_s=usage.ru_utime + usage.ru_stime,
    )
