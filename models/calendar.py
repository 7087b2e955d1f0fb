"""What lies in a future bin: working days, weekdays, the turn of a quarter, the season."""

from typing import Final

import numpy as np

from data.contract import Calendar
from data.moments import DAY
from features.calendar import MONDAY, working_days_before
from models.curve import Array

NAMES: Final = (
    "bin",
    "working_week",
    "starts_on",
    "ends_on",
    "month_ends",
    "quarter_week",
    "quarter_opening",
    "quarter_closing",
    "season",
)
"""The columns that a bin adds to a code row."""

CYCLES: Final = {
    "month_ends": 30,
    "quarter_week": 90,
    "quarter_opening": 90,
    "quarter_closing": 90,
    "season": 360,
}
"""Days after which what a column tells comes again. What came once may be the year's, or chance."""

_OPENING: Final = 21
"""Days at a quarter's start, in which little closes, since so much was closed just before."""
_CLOSING: Final = 14
"""Days at a quarter's end, in which deals are hurried."""


def bin_codes(
    as_of: np.ndarray, number: np.ndarray, edges: Array, calendar: Calendar = "weekdays"
) -> Array:
    """Describe bins.

    Args:
        as_of: moments, [rows].
        number: which bin, from 0, [rows].
        edges: bin edges in days ahead.
        calendar: whose working days.

    Returns:
        Floats [rows, NAMES]: the bin's number, its working days (in UTC) to each seven days, the
        weekday of its start and end, how many months end in it, the week of the quarter in which
        it starts, which shares of it lie in the first three and in the last two weeks of a
        quarter, and the day of the year on which it ends.
    """
    start = as_of // DAY + edges[number].astype(np.int64)
    end = as_of // DAY + edges[number + 1].astype(np.int64)
    dates = end.astype("datetime64[D]")
    days = np.maximum(end - start, 1)
    working = working_days_before(end, calendar) - working_days_before(start, calendar)
    return np.column_stack(
        [
            number,
            np.rint(7 * working / days),
            (start + MONDAY) % 7,
            (end + MONDAY) % 7,
            _month(end) - _month(start),
            (start - _starts(_quarter(start))) // 7,
            (_opening_days_before(end) - _opening_days_before(start)) / days,
            (_closing_days_before(end) - _closing_days_before(start)) / days,
            (dates - dates.astype("datetime64[Y]")).astype(np.int64),
        ]
    ).astype(np.float64)


def _month(day: np.ndarray) -> np.ndarray:
    """Return the number of the month that a day is in, since 1970."""
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _quarter(day: np.ndarray) -> np.ndarray:
    """Return the number of the quarter that a day is in, since 1970."""
    return _month(day) // 3


def _starts(quarter: np.ndarray) -> np.ndarray:
    """Return the day on which a quarter starts."""
    first: np.ndarray = (3 * quarter).astype("datetime64[M]").astype("datetime64[D]")
    return first.astype(np.int64)


def _opening_days_before(day: np.ndarray) -> np.ndarray:
    """Count the days before a day that lie in the first three weeks of a quarter."""
    quarter = _quarter(day)
    before: np.ndarray = _OPENING * quarter + np.minimum(day - _starts(quarter), _OPENING)
    return before


def _closing_days_before(day: np.ndarray) -> np.ndarray:
    """Count the days before a day that lie in the last two weeks of a quarter."""
    quarter = _quarter(day)
    closes = _starts(quarter + 1) - _CLOSING
    before: np.ndarray = _CLOSING * quarter + np.maximum(day - closes, 0)
    return before
