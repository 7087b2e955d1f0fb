"""What every thread beside the requests is: rounds of work, begun and ended with the service."""

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import ClassVar, Final

import sqlalchemy as sa
import structlog

from data.errors import DealcastError, first_line
from serving import telemetry

_AFTER_FAILURE_SECONDS: Final = 2.0
log = structlog.get_logger()


@dataclass
class ServiceThread(ABC):
    """A thread of a service. No failure ends it: a round that fails is told of, and tried again.

    Attributes:
        called: what the thread is called, in logs, in metrics and where threads are listed.
        every_seconds: how long it rests between two rounds.
    """

    called: ClassVar[str]
    every_seconds: ClassVar[float]
    _stopping: Event = field(default_factory=Event, init=False, repr=False)
    _thread: Thread | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Begin, at once."""
        self._thread = Thread(target=self._run, name=self.called, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the round at hand."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._try_round()):
            pass

    def _try_round(self) -> float:
        """Do a round, and return how many seconds to rest after it."""
        try:
            return self._round() or self.every_seconds
        except Exception as error:  # whatever it is, the thread goes on
            self._failed("a round failed, and is tried again", error)
            return _AFTER_FAILURE_SECONDS

    def _failed(self, what: str, error: Exception, **about: str) -> None:
        """Count a failure, and tell of it: with a traceback where nobody foresaw it."""
        telemetry.failed_rounds.labels(self.called).inc()
        foreseen = isinstance(error, sa.exc.SQLAlchemyError | OSError | DealcastError)
        self._tell(what, error, exc_info=not foreseen, **about)

    def _tell(self, what: str, error: Exception, **about: object) -> None:
        with suppress(OSError):  # logs may lie on a full disk
            log.error(what, thread=self.called, why=first_line(error), **about)

    @abstractmethod
    def _round(self) -> float | None:
        """Do what there is to do, and return how long to rest where that is not as always."""
