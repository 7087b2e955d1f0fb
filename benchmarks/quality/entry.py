"""One contender on one task, in a process of its own: what `measure` starts and clocks.

`python -m benchmarks.quality.entry TASK_FOLDER CONTENDER SECONDS SEED OUT` writes OUT, the
probabilities [test, horizons, 3], and beside it versions and memory.
"""

import json
import os
import platform
import resource
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.quality.contenders import CONTENDERS, Clock, check_shape
from benchmarks.quality.task import Task

CORES = 2


def main(folder: str, contender: str, seconds: str, seed: str, out: str) -> None:
    """Run the contender; the clock starts here, before its libraries are loaded."""
    clock = Clock(float(seconds))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    chosen, task = CONTENDERS[contender], Task.load(Path(folder))
    probabilities = import_module(chosen.module).predict(task, clock, int(seed))
    check_shape(probabilities, task)
    versions = {name: version(name) for name in chosen.packages}
    about = {
        "versions": {**versions, "python": platform.python_version()},
        "peak_mb": peak_mb(),
    }
    Path(out).with_suffix(".json").write_text(json.dumps(about), encoding="utf-8")
    np.save(out, probabilities.astype(np.float64))


def peak_mb() -> float:
    """Return the most memory that this process, or one it waited for, held, in 10^6 bytes.

    Linux counts a process's ru_maxrss from the one that started it, so our own is read from
    /proc, where it begins with this program.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024 / 1e6


if __name__ == "__main__":
    main(*sys.argv[1:])
