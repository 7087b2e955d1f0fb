"""What a hazard is asked of: a deal as it is known now, and a bin of days ahead.

A fact such as "12 days in this stage" goes on by itself: when a bin begins that is 20 days ahead,
it will be 32, if nothing happens until then. Trees cut along one column at a time, so that column
is given to them; "after 30 days offers lapse" is then one cut and not a staircase.
"""

import math
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from data.contract import Calendar
from features.catalogue import Feature
from features.encoder import Codes, Encoder
from models.boosting import Columns
from models.calendar import CYCLES, NAMES, bin_codes
from models.curve import Array

_STEPS: Final = ("bin", "working_week", "starts_on", "ends_on", "quarter_week")
"""Of the calendar's columns those that count steps."""


@dataclass(frozen=True)
class Ahead:
    """How code rows and bins become rows of deals ahead.

    Attributes:
        edges: bin edges in days ahead, [k + 1].
        names: of the code rows' columns.
        clocks: of those that go on by themselves, and how much a day: 1 or -1.
        calendar: whose working days a bin has.
        unseen: the calendar's columns whose cycle the history does not have twice; they are 0.
    """

    edges: Array
    names: tuple[str, ...]
    clocks: dict[str, int]
    calendar: Calendar = "weekdays"
    unseen: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        features: list[Feature],
        edges: Array,
        calendar: Calendar,
        history_days: float = math.inf,
    ) -> Self:
        """Take the clocks from the catalogue, and the cycles that were seen from the history."""
        ticking = {one.name: one.clock for one in features if one.clock}
        unseen = tuple(name for name, days in CYCLES.items() if history_days < 2 * days)
        return cls(edges, encoder.names, ticking, calendar, unseen)

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.edges) - 1

    @property
    def width(self) -> int:
        """How many columns there are: of a code row, of the clocks, of the calendar."""
        return len(self.names) + len(self.clocks) + len(NAMES)

    @property
    def of_calendar(self) -> range:
        """The positions of the calendar's columns."""
        return range(self.width - len(NAMES), self.width)

    @property
    def of_names(self) -> list[str]:
        """Which fact or which of the calendar's each column stands for, [width]."""
        return [*self.names, *self.clocks, *NAMES]

    def columns(self, encoder: Encoder, features: list[Feature], towards: int) -> Columns:
        """Describe the columns; `towards` is -1 where the target speaks against winning."""
        more = [*self.clocks, *NAMES]
        return Columns.of(encoder, features, towards, more, _STEPS)

    @property
    def _own(self) -> list[int]:
        """Which columns of a code row the clocks go on from."""
        return [self.names.index(name) for name in self.clocks]

    def rows(self, codes: Codes, as_of: np.ndarray, number: np.ndarray) -> Array:
        """Return rows of deals ahead, [n, width].

        Args:
            codes: code rows, [n, names].
            as_of: their moments, [n].
            number: a bin for each, from 0, [n].
        """
        begins = self.edges[number][:, None] * np.array(list(self.clocks.values()))
        then = codes[:, self._own] + begins
        told = bin_codes(as_of, number, self.edges, self.calendar)
        told[:, [NAMES.index(name) for name in self.unseen]] = 0.0
        return np.hstack([codes, then, told])

    def unfold(self, codes: Codes, as_of: np.ndarray) -> tuple[Array, np.ndarray]:
        """Return rows of every deal in every bin, [n × k, width], and the bins, [n × k]."""
        number = np.tile(np.arange(self.bins), len(codes))
        return self.rows(
            np.repeat(codes, self.bins, axis=0), np.repeat(as_of, self.bins), number
        ), number

    def folded(self, effects: Array) -> Array:
        """Give what each clock adds to the fact it goes on from, [n, names and calendar]."""
        facts, clocks, calendar = np.split(
            effects, [len(self.names), len(self.names) + len(self.clocks)], axis=1
        )
        facts[:, self._own] += clocks
        return np.hstack([facts, calendar])

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back with the names, fit for JSON."""
        return {
            "edges": self.edges.tolist(),
            "clocks": self.clocks,
            "calendar": self.calendar,
            "unseen": list(self.unseen),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any], names: tuple[str, ...]) -> Self:
        """Read what `to_dict` wrote."""
        edges, clocks = np.array(document["edges"]), document["clocks"]
        return cls(edges, names, clocks, document["calendar"], tuple(document["unseen"]))
