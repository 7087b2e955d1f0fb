"""What lies in a bin, against Python's own calendar; China's days, against its library's."""

from datetime import date, timedelta

import chinese_calendar
import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from data.moments import DAY, parse_moment, to_datetime
from features.calendar import with_working_days, working_days_before
from models.calendar import NAMES, bin_codes

EDGES = np.array([0.0, 1.0, 7.0, 28.0, 120.0])


@given(as_of=st.integers(0, 30_000 * DAY), number=st.integers(0, len(EDGES) - 2))
def test_a_bins_codes_are_counted_day_by_day(as_of: int, number: int) -> None:
    today = to_datetime(as_of).date()
    start, end = (today + timedelta(days=int(EDGES[number + step])) for step in (0, 1))
    inside = [start + timedelta(days=day) for day in range((end - start).days)]
    codes = bin_codes(np.array([as_of]), np.array([number]), EDGES)[0]
    assert dict(zip(NAMES, codes.tolist(), strict=True)) == {
        "bin": number,
        "working_week": round(7 * sum(works(day) for day in inside) / len(inside)),
        "starts_on": start.weekday(),
        "ends_on": end.weekday(),
        "month_ends": sum((day + timedelta(days=1)).day == 1 for day in inside),
        "quarter_week": (start - quarter_start(start)).days // 7,
        "quarter_opening": sum(opens(day) for day in inside) / len(inside),
        "quarter_closing": sum(closes(day) for day in inside) / len(inside),
        "season": end.timetuple().tm_yday - 1,
    }


def works(day: date) -> bool:
    return day.weekday() < 5


def quarter_start(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def opens(day: date) -> bool:
    """Whether a day is in the first three weeks of its quarter."""
    return day - quarter_start(day) < timedelta(days=21)


def closes(day: date) -> bool:
    """Whether a day is in the last two weeks of its quarter."""
    return quarter_start(day) != quarter_start(day + timedelta(days=14))


def test_days_that_china_works_are_those_its_library_says() -> None:
    first, last = date(2004, 1, 1), date(max(chinese_calendar.holidays).year, 12, 31)
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    numbers = np.array([(day - date(1970, 1, 1)).days for day in [*days, last + timedelta(1)]])
    worked = np.diff(working_days_before(numbers, "china"))
    assert worked.tolist() == [chinese_calendar.is_workday(day) for day in days]


@given(day=st.integers(-30_000, 12_000) | st.integers(25_000, 60_000))
def test_where_nothing_was_announced_china_has_plain_weekdays(day: int) -> None:
    week = np.array([day, day + 1])
    assert np.diff(working_days_before(week, "china")) == np.diff(
        working_days_before(week, "weekdays")
    )


def test_working_days_pass_from_one_moment_to_another() -> None:
    # golden week of 2025: closed from 1 to 8 October, and 28 September, a Sunday, is worked
    touched = ["2025-09-26T08:00:00Z", "2025-10-08T08:00:00Z", None]
    rows = pl.DataFrame(
        {
            "as_of": [parse_moment("2025-10-10T01:00:00Z")] * 3,
            "touched": [at and parse_moment(at) for at in touched],
        }
    )
    passed = {
        name: with_working_days(rows, "touched", name)["working_days"].to_list()
        for name in ("weekdays", "china")
    }
    # 26, 28, 29, 30 September and 9 October; of plain weekdays 26, 29, 30 and 1 to 9 October
    assert passed == {"weekdays": [10, 2, None], "china": [5, 1, None]}
