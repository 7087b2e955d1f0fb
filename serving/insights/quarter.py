"""Quarters of the calendar, in UTC: the period that targets and forecasts are told for."""

from dataclasses import dataclass
from datetime import UTC, datetime

from data.moments import DAY, to_datetime, to_moment


@dataclass(frozen=True)
class Quarter:
    """One quarter: from its first moment up to, not including, the next one's first."""

    starts_at: int
    ends_at: int

    @classmethod
    def of(cls, moment: int) -> "Quarter":
        """Return the quarter that a moment lies in."""
        day = to_datetime(moment)
        first = day.month - (day.month - 1) % 3
        return cls(_first_of(day.year, first), _first_of(day.year, first + 3))

    def days_left(self, as_of: int) -> float:
        """Return the days from a moment to the quarter's end."""
        return (self.ends_at - as_of) / DAY


def _first_of(year: int, month: int) -> int:
    year, month = (year + 1, month - 12) if month > 12 else (year, month)
    return to_moment(datetime(year, month, 1, tzinfo=UTC))
