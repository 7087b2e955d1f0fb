"""Folders for what does not stay in memory: gone when the process ends, or when another begins."""

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_LOCK: Final = ".lock"


def fresh(folder: Path | None) -> Path:
    """Make an empty folder that lasts as long as this process.

    What killed processes have left in the same place is removed. A folder is in use while the
    file beside it is locked, and the system unlocks it when its process ends, however it ends.

    Args:
        folder: where; None takes the system's folder for temporary files, and removes nothing.
    """
    if folder is None:
        return _until_the_end(Path(tempfile.mkdtemp(prefix="dealcast-")).resolve())
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    descriptor, lock = tempfile.mkstemp(_LOCK, "dealcast-", folder)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # stays open: it is what holds the lock
    made = Path(lock).resolve().with_suffix("")
    made.mkdir(mode=0o700)
    atexit.register(Path(lock).unlink, missing_ok=True)
    return _until_the_end(made)


def _until_the_end(made: Path) -> Path:
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def _sweep(folder: Path) -> None:
    """Remove the folders whose processes have ended."""
    for lock in folder.glob(f"dealcast-*{_LOCK}"):
        try:
            descriptor = os.open(lock, os.O_RDWR)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:  # another process has just removed it
            continue
        except BlockingIOError:
            os.close(descriptor)
            continue
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink(missing_ok=True)
        os.close(descriptor)
