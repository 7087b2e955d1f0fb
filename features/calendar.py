"""Working days: Monday to Friday, or as China's State Council announced them.

China moves working days to weekends around its holidays. What it announced is in the library
chinese-calendar, from 2004 to the last year announced; other years have plain weekdays.
"""

from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl

from data.contract import Calendar
from data.moments import DAY

Days = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

MONDAY: Final = 3  # 1970-01-01 was a Thursday


def working_days_before(day: Days, calendar: Calendar) -> Days:
    """Return how many working days lie before days, counted from a fixed one long ago.

    Args:
        day: days since 1970-01-01.
        calendar: whose working days.
    """
    weeks, weekday = np.divmod(day + MONDAY, 7)
    plain: Days = weeks * 5 + np.minimum(weekday, 5)
    if calendar == "weekdays":
        return plain
    moved, change = _moved()
    return plain + change[np.searchsorted(moved, day)]


def with_working_days(rows: pl.DataFrame, since: str, calendar: Calendar) -> pl.DataFrame:
    """Add `working_days`: how many have passed from a moment to as_of, null where it is null.

    Args:
        rows: columns as_of and `since`, moments.
        since: the column to count from.
        calendar: whose working days.
    """
    begin = rows[since]
    until, begun = (
        working_days_before(moments.to_numpy() // DAY, calendar)
        for moments in (rows["as_of"], begin.fill_null(0))
    )
    passed = pl.Series("working_days", until - begun, dtype=pl.Int64)
    return rows.hstack([passed + (begin - begin)])  # which is null where it began never


@lru_cache(maxsize=1)
def _moved() -> tuple[Days, Days]:
    """Return the days that are not what their weekday is, and the change by so many of them."""
    import chinese_calendar  # here, because few pipelines ask for it

    added = [(day, 1) for day in chinese_calendar.workdays if day.weekday() >= 5]
    taken = [(day, -1) for day in chinese_calendar.holidays if day.weekday() < 5]
    moved = sorted(added + taken)
    epoch = date(1970, 1, 1)
    change = np.cumsum([0, *(sign for _, sign in moved)])
    return np.array([(day - epoch).days for day, _ in moved]), change
