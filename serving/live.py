"""What runs beside the requests: swaps, rescoring, the ledger's writer, deliveries to webhooks."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from data.settings import Settings
from serving import ledger, rescoring
from serving.champions import Champions
from serving.clock import Clock, Steady
from serving.deliveries import Sender
from serving.rescoring import Rescorer


@dataclass(frozen=True)
class Live:
    """The threads of one service, from its start to its stop.

    Attributes:
        clock: this moment, for whatever is written; see `Steady`.
        champions: loads those that are named in place of others.
        rescorer: scores pushed deals.
        rest: rescores what pushes have left.
        ledger: writes what requests were told.
        sender: delivers to webhooks.
    """

    clock: Steady
    champions: Champions
    rescorer: Rescorer
    rest: rescoring.Rest
    ledger: ledger.Writer
    sender: Sender

    @classmethod
    def of(cls, settings: Settings, engine: sa.Engine, champions: Champions, clock: Clock) -> Self:
        """Make them for one workspace."""
        steady = Steady(clock)
        rescorer = Rescorer(engine, champions, steady, settings.webhook_close_days)
        sender = Sender(engine, clock, settings.webhook_attempts, settings.webhook_private)
        rest, writer = rescoring.Rest(rescorer), ledger.Writer(engine)
        return cls(steady, champions, rescorer, rest, writer, sender)

    def __enter__(self) -> Self:
        """Start them."""
        for thread in (self.ledger, self.rest, self.sender, self.champions):
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop them; what the ledger still holds is written."""
        for thread in (self.champions, self.sender, self.rest, self.ledger):
            thread.stop()
