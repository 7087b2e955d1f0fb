"""How the amount at close was told, of deals that were won, against the amount as it stood."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np

from models.curve import WON, Array
from models.sample import Sample
from training.metrics import Draws, Interval


@dataclass(frozen=True)
class Amounts:
    """What m deals, won by the data's end, were said to bring and did bring.

    Attributes:
        said: what the model expected them to be won at, [m].
        now: what stood on them, [m].
        final: what they were won at, [m].
        groups: accounts or deals, [m].
    """

    said: Array
    now: Array
    final: Array
    groups: np.ndarray

    @classmethod
    def of(cls, outcomes: Sample, said: Array, now: Array, final: Array) -> Self:
        """Take the deals that were won and had an amount before and after; each array is [n]."""
        won = (outcomes.cause == WON) & (outcomes.days <= outcomes.seen) & (now > 0) & (final > 0)
        return cls(said[won], now[won], final[won], outcomes.groups[won])

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """Put several origins' deals together."""
        names = [one.name for one in fields(cls)]
        return cls(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})

    def saved(self, draws: Draws) -> Interval:
        """Return the squared error that the model saves (below 0), by the amounts as they stood.

        The mean minimises it, and what is expected is a mean. WAPE is least for a median.
        """
        ours, theirs = (((told - self.final) / self.now) ** 2 for told in (self.said, self.now))
        return draws.mean(self.groups, ours - theirs)

    def to_dict(self, draws: Draws) -> dict[str, Any]:
        """Return the figures: sums, what was expected by what came, WAPE, the error saved."""
        figures: dict[str, Any] = {
            "deals": len(self.final),
            "won_amount": float(self.final.sum()),
            "error_saved": asdict(self.saved(draws)),
        }
        for name, told in (("model", self.said), ("now", self.now)):
            off = np.abs(told - self.final)
            figures[name] = {
                "ratio": asdict(draws.ratio(self.groups, told, self.final)),
                "wape": asdict(draws.ratio(self.groups, off, self.final)),
            }
        return figures
