"""Whether deals closed when they were said to: pinball loss and coverage of close dates.

Only closings before the data's end are known, so late ones are missing more often than early
ones. What is judged is therefore the range *given that the deal closes by the data's end*: with
F the curve and T the days that are seen, its quantile q is where the curve reaches q · F(T). Of
these ranges, 80 % have to cover 80 %, however much is still open.
"""

from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np

from models.curve import WON, Array, Curves
from models.sample import Sample
from training.metrics.intervals import Draws, Interval

Event = Literal["won", "closed"]

LEVELS: Final = (20, 40, 60, 80, 90)
"""How many per cent a range is said to cover."""
SHOWN: Final = 80
"""The range that people are shown: from the 10th to the 90th percentile."""
_QUANTILES: Final = (0.1, 0.5, 0.9)
"""Where the pinball loss is taken."""


@dataclass(frozen=True)
class Dates:
    """Closings that came, and when they were said to come, n of them, in days ahead.

    Attributes:
        days: when it came, [n].
        ranges: low and high end by level, given what is seen, each [n, 2].
        shown: the range that people were shown, whatever is seen, [n, 2].
        loss: pinball loss, the mean over the quantiles, [n].
        loss_baseline: the same of the stage baseline, [n].
        groups: accounts or deals, [n].
        deals: how many deals might have closed.
        still_open: how many of them had not by the data's end.
    """

    days: Array
    ranges: dict[int, Array]
    shown: Array
    loss: Array
    loss_baseline: Array
    groups: np.ndarray
    deals: int
    still_open: int

    @classmethod
    def of(cls, sample: Sample, curves: Curves, baseline: Curves, event: Event) -> Self:
        """Compare the dates of one origin's deals: of wins, or of any closing."""
        closed = sample.days <= sample.seen
        came = closed & (sample.cause == WON) if event == "won" else closed
        seen = float(sample.seen.max())
        ours, theirs = (_taken(one, came) for one in (curves, baseline))
        days = sample.days[came]
        return cls(
            days,
            {level: _range(ours, event, level, _share(ours, event, seen)) for level in LEVELS},
            _range(ours, event, SHOWN, np.ones(len(days))),
            _loss(days, ours, event, seen),
            _loss(days, theirs, event, seen),
            sample.groups[came],
            len(sample),
            int((~closed).sum()),
        )

    @classmethod
    def concat(cls, parts: "list[Dates]") -> Self:
        """Put the closings of several origins together."""

        def joined(name: str) -> np.ndarray:
            return np.concatenate([getattr(part, name) for part in parts])

        arrays = ("days", "shown", "loss", "loss_baseline", "groups")
        return cls(
            **{name: joined(name) for name in arrays},
            ranges={level: np.concatenate([p.ranges[level] for p in parts]) for level in LEVELS},
            deals=sum(part.deals for part in parts),
            still_open=sum(part.still_open for part in parts),
        )

    def coverage(self, draws: Draws) -> dict[int, Interval]:
        """Return by level the share of closings within their range, given what is seen."""
        return {
            level: draws.mean(self.groups, covered(self.days, ends))
            for level, ends in self.ranges.items()
        }


def covered(days: Array, ends: Array) -> Array:
    """Return 1 where days [n] lie within ends [n, 2], else 0."""
    return ((ends[:, 0] <= days) & (days <= ends[:, 1])).astype(float)


def pinball(days: Array, said: Array, quantile: float) -> Array:
    """Return the pinball loss of a quantile in days, [n], for days [n] and said [n].

    A day too early costs `quantile`, a day too late 1 - `quantile`; the mean is least where the
    quantile is right (Koenker & Bassett 1978).
    """
    late = days - said
    loss: Array = np.maximum(quantile * late, (quantile - 1.0) * late)
    return loss


def _taken(curves: Curves, rows: np.ndarray) -> Curves:
    return Curves(curves.edges, curves.won[rows], curves.lost[rows])


def _share(curves: Curves, event: Event, seen: float) -> Array:
    """Return how much of all that will come comes within the days that are seen, [n]."""
    by_then, ever = (
        curves.won_by(days) + (0.0 if event == "won" else curves.lost_by(days))
        for days in (seen, np.inf)
    )
    return np.divide(by_then, ever, out=np.zeros(len(curves)), where=ever > 0)


def _days(curves: Curves, event: Event, quantile: Array) -> Array:
    return curves.close_days(quantile) if event == "won" else curves.end_days(quantile)


def _range(curves: Curves, event: Event, level: int, share: Array) -> Array:
    tail = (1.0 - level / 100) / 2
    return np.column_stack([_days(curves, event, q * share) for q in (tail, 1.0 - tail)])


def _loss(days: Array, curves: Curves, event: Event, seen: float) -> Array:
    """Take the loss of dates given what is seen; of no chance at all, the last day seen is said."""
    share = _share(curves, event, seen)
    said = (np.nan_to_num(_days(curves, event, q * share), nan=seen) for q in _QUANTILES)
    losses = [pinball(days, one, q) for one, q in zip(said, _QUANTILES, strict=True)]
    mean: Array = np.mean(losses, axis=0)
    return mean
