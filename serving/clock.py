"""This moment, and a guard against a machine's clock that is set back."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeAlias

from data.errors import NotReady
from data.moments import SECOND, iso

Clock: TypeAlias = Callable[[], int]
"""Tells this moment, in microseconds of UTC; tests set it."""

_SLACK: Final = 60 * SECOND
"""What keeping a clock right may take back."""


@dataclass
class Steady:
    """A clock that says so when it goes back.

    Facts pushed before would lie in the future then, and newer scores would give way to older.

    Attributes:
        clock: what is watched.
    """

    clock: Clock
    _latest: int = 0

    def __post_init__(self) -> None:
        """Make the lock that its callers share."""
        self._lock = Lock()

    def __call__(self) -> int:
        """Return this moment.

        Raises:
            NotReady: an earlier call was told a moment more than a minute later.
        """
        with self._lock:
            now = self.clock()
            self._latest = max(self._latest, now)
        if now < self._latest - _SLACK:
            raise NotReady(
                "the machine's clock went back",
                field="now",
                value=iso(now),
                allowed=f"{iso(self._latest)} or later",
                remedy="set the clock right; or start the service again if it was wrong before",
            )
        return now
