"""Periods of the calendar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.moments import iso, parse_moment
from serving.insights.period import KINDS, Kind, Period, period_of

MOMENTS = st.integers(parse_moment("1972-01-01"), parse_moment("2150-01-01"))


@given(MOMENTS, st.sampled_from(KINDS))
def test_periods_hold_their_moments_and_follow_one_another(moment: int, kind: Kind) -> None:
    period = period_of(kind, moment)
    assert period.starts_at <= moment < period.ends_at
    assert period_of(kind, period.ends_at).before() == period
    assert period_of(kind, period.starts_at) == period
    longest = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}[kind]
    assert longest - 4 < period.days <= longest


@pytest.mark.parametrize(
    ("kind", "name", "first", "before", "a_year_before"),
    [
        ("day", "2026-11-24", "2026-11-24", "2026-11-23", "2025-11-25"),
        ("week", "2026-11-23", "2026-11-23", "2026-11-16", "2025-11-24"),
        ("month", "2026-11", "2026-11-01", "2026-10-01", "2025-11-01"),
        ("quarter", "2026-Q4", "2026-10-01", "2026-07-01", "2025-10-01"),
        ("year", "2026", "2026-01-01", "2025-01-01", "2025-01-01"),
    ],
)
def test_what_a_period_is_called_and_compared_with(
    kind: Kind, name: str, first: str, before: str, a_year_before: str
) -> None:
    period = period_of(kind, parse_moment("2026-11-24T15:00"))
    told = (period.name, *(iso(one.starts_at)[:10] for one in (period, period.before())))
    assert told == (name, first, before)
    assert iso(period.a_year_before().starts_at)[:10] == a_year_before


def test_a_period_is_cut_at_a_moment_and_never_turned_round() -> None:
    period = period_of("month", parse_moment("2026-02-10"))
    cut = parse_moment("2026-02-10")
    assert period.until(cut) == Period("month", period.starts_at, cut)
    assert period.until(0).days == 0
    assert period.until(parse_moment("2027-01-01")) == period


def test_a_week_is_called_one_in_a_sentence() -> None:
    week, quarter = (period_of(kind, parse_moment("2026-02-10")) for kind in ("week", "quarter"))  # type: ignore[arg-type]
    assert week.told == {"zh": "2026-02-09当周", "en": "week of 2026-02-09"}
    assert quarter.told["zh"] == "2026-Q1"
