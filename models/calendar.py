"""What lies in a future bin: working days, weekdays, month and quarter ends, the season."""

from typing import Final

import numpy as np

from data.moments import DAY
from models.curve import Array

NAMES: Final = ("bin", "working_days", "starts_on", "ends_on", "quarter_ends", "season")
"""The columns that a bin adds to a code row."""

_MONDAY: Final = 3  # 1970-01-01 was a Thursday


def bin_codes(as_of: np.ndarray, number: np.ndarray, edges: Array) -> Array:
    """Describe bins.

    Args:
        as_of: moments, [rows].
        number: which bin, from 0, [rows].
        edges: bin edges in days ahead.

    Returns:
        Floats [rows, NAMES]: the bin's number, its working days (Monday to Friday, in UTC),
        the weekday of its start and end, how many quarters end in it, and the day of the year
        on which it ends.
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
            _quarter(end) - _quarter(start),
            (dates - dates.astype("datetime64[Y]")).astype(np.int64),
        ]
    ).astype(np.float64)


def _working_days_before(day: np.ndarray) -> np.ndarray:
    weeks, weekday = np.divmod(day + _MONDAY, 7)
    return weeks * 5 + np.minimum(weekday, 5)


def _quarter(day: np.ndarray) -> np.ndarray:
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // 3
