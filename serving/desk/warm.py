"""A new desk is read, and what pages ask of it first is found, before the old one is dropped."""

from dataclasses import dataclass, field
from threading import Event
from typing import Final

from serving.desk.desks import Desks
from serving.desk.flow import flow
from serving.desk.outlook import outlook
from serving.desk.reached import course_of, extremes, reached
from serving.desk.reviewed import last_settled, next_deals, reviewed, sources
from serving.desk.view import View
from serving.threads import ServiceThread

_REST_SECONDS: Final = 10.0
"""How long the thread rests after a desk that is broken."""


def prepare(view: View) -> None:
    """Find what the pages show of a view when nothing else is asked for."""
    flow(view)
    if view.about.dated:
        outlook(view)
    by = None if "owner_id" in view.scope.chosen else "owner_id"
    told, settled = reached(view, "quarter", by), last_settled(view)  # type: ignore[arg-type]
    extremes(view, told.period)
    course_of(view, told.period)
    reviewed(view, settled)
    sources(view, settled)
    next_deals(view)


@dataclass
class Warmer(ServiceThread):
    """A thread that takes up new desks, see `Desks.renew`.

    Attributes:
        desks: those that are read.
    """

    called = "desks"
    every_seconds = 1.0
    desks: Desks
    _ready: Event = field(default_factory=Event)

    def __enter__(self) -> "Warmer":
        """Begin; from now on a request waits for no desk but its pipeline's first."""
        self.desks.follows = False
        if not self.desks.pipelines():
            self._ready.set()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End after the round at hand."""
        self.desks.follows = True
        self.stop()

    @property
    def is_ready(self) -> bool:
        """Whether the desks found at the start are prepared, but for those that are broken."""
        return self._ready.is_set()

    def _round(self) -> float | None:
        broken = [one for one in self.desks.pipelines() if not self._renew(one)]
        self._ready.set()
        return _REST_SECONDS if broken else None

    def _renew(self, pipeline: str) -> bool:
        """Take up a new desk if there is one, and say whether what there is could be."""
        try:
            self.desks.renew(pipeline, prepare)
        except Exception as error:  # whatever it is, other pipelines' are taken up
            self._failed("a desk cannot be taken up", error, pipeline=pipeline)
            return False
        return True
