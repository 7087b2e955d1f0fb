"""What lies in a future bin: working days, weekdays, the turn of a quarter, the season."""

from typing import Final

import numpy as np

from data.moments import DAY
from models.curve import Array

NAMES: Final = (
    "bin",
    "working_days",
    "starts_on",
    "ends_on",
    "quarter_week",
    "quarter_closing",
    "season",
)
"""The columns that a bin adds to a code row."""

_MONDAY: Final = 3  # 1970-01-01 was a Thursday
_CLOSING: Final = 14
"""Days at a quarter's end, in which deals are hurried; in two weeks there are ten working days."""


def bin_codes(as_of: np.ndarray, number: np.ndarray, edges: Array) -> Array:
    """Describe bins.

    Args:
        as_of: moments, [rows].
        number: which bin, from 0, [rows].
        edges: bin edges in days ahead.

    Returns:
        Floats [rows, NAMES]: the bin's number, its working days (Monday to Friday, in UTC),
        the weekday of its start and end, the week of the quarter in which it starts, its working
        days in the last two weeks of a quarter, and the day of the year on which it ends.
    """
    start = as_of // DAY + edges[number].astype(np.int64)
    end = as_of // DAY + edges[number + 1].astype(np.int64)
    dates = end.astype("datetime64[D]")
    return np.column_stack(
        [
            number,
            _working_days_before(end) - _working_days_before(start),
            (start + _MONDAY) % 7,
            (end + _MONDAY) % 7,
            (start - _starts(_quarter(start))) // 7,
            _closing_days_before(end) - _closing_days_before(start),
            (dates - dates.astype("datetime64[Y]")).astype(np.int64),
        ]
    ).astype(np.float64)


def _working_days_before(day: np.ndarray) -> np.ndarray:
    weeks, weekday = np.divmod(day + _MONDAY, 7)
    return weeks * 5 + np.minimum(weekday, 5)


def _quarter(day: np.ndarray) -> np.ndarray:
    """Return the number of the quarter that a day is in, since 1970."""
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // 3


def _starts(quarter: np.ndarray) -> np.ndarray:
    """Return the day on which a quarter starts."""
    first: np.ndarray = (3 * quarter).astype("datetime64[M]").astype("datetime64[D]")
    return first.astype(np.int64)


def _closing_days_before(day: np.ndarray) -> np.ndarray:
    """Count the working days before a day that lie in the last two weeks of a quarter."""
    quarter = _quarter(day)
    closes = _starts(quarter + 1) - _CLOSING
    own = _working_days_before(np.maximum(day, closes)) - _working_days_before(closes)
    before: np.ndarray = 10 * quarter + own
    return before
