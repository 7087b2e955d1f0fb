"""What every thread beside the requests is: begun with the service, and ended with it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import ClassVar


@dataclass
class ServiceThread(ABC):
    """A thread of a service.

    Attributes:
        called: what the thread is called where threads are listed.
    """

    called: ClassVar[str]
    _stopping: Event = field(default_factory=Event, init=False, repr=False)
    _thread: Thread | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Begin."""
        self._thread = Thread(target=self._run, name=self.called, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after what is at hand."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    @abstractmethod
    def _run(self) -> None:
        """Work until `_stopping` is set."""
