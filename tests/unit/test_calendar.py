"""What lies in a bin, against Python's own calendar."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data.moments import DAY, to_datetime
from models.calendar import NAMES, bin_codes

EDGES = np.array([0.0, 1.0, 7.0, 28.0, 120.0])


@settings(deadline=None)
@given(as_of=st.integers(0, 30_000 * DAY), number=st.integers(0, len(EDGES) - 2))
def test_a_bins_codes_are_counted_day_by_day(as_of: int, number: int) -> None:
    today = to_datetime(as_of).date()
    start, end = (today + timedelta(days=int(EDGES[number + step])) for step in (0, 1))
    inside = [start + timedelta(days=day) for day in range((end - start).days)]
    codes = bin_codes(np.array([as_of]), np.array([number]), EDGES)[0]
    assert dict(zip(NAMES, codes.tolist(), strict=True)) == {
        "bin": number,
        "working_days": sum(works(day) for day in inside),
        "starts_on": start.weekday(),
        "ends_on": end.weekday(),
        "quarter_week": (start - quarter_start(start)).days // 7,
        "quarter_closing": sum(works(day) and closes(day) for day in inside),
        "season": end.timetuple().tm_yday - 1,
    }


def works(day: date) -> bool:
    return day.weekday() < 5


def quarter_start(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def closes(day: date) -> bool:
    """Whether a day is in the last two weeks of its quarter."""
    return quarter_start(day) != quarter_start(day + timedelta(days=14))
