"""Periods of the calendar, in UTC: what targets, forecasts and attainment are told for."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, TypeAlias, get_args

import polars as pl

from data.moments import DAY, to_datetime, to_moment

Kind: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Period:
    """From its first moment up to, not including, the next one's first."""

    kind: Kind
    starts_at: int
    ends_at: int

    @property
    def days(self) -> float:
        """How long it is."""
        return (self.ends_at - self.starts_at) / DAY

    @property
    def name(self) -> str:
        """What it is called: 2026, 2026-Q1, 2026-03, or the date that it begins on."""
        first = to_datetime(self.starts_at).date()
        if self.kind == "quarter":
            return f"{first.year}-Q{(first.month + 2) // 3}"
        digits = {"year": 4, "month": 7}.get(self.kind, 10)
        return first.isoformat()[:digits]

    @property
    def told(self) -> dict[str, str]:
        """What it is called in a sentence, in zh and en: of a week, that it is one."""
        if self.kind == "week":
            return {"zh": f"{self.name}当周", "en": f"week of {self.name}"}
        return {"zh": self.name, "en": self.name}

    def holds(self, moment: str) -> pl.Expr:
        """Say whether the moments of a column lie in it."""
        return pl.col(moment).is_between(self.starts_at, self.ends_at, closed="left")

    def days_left(self, as_of: int) -> float:
        """Return the days from a moment to the end."""
        return (self.ends_at - as_of) / DAY

    def before(self) -> "Period":
        """Return the one before it (环比)."""
        return period_of(self.kind, self.starts_at - 1)

    def a_year_before(self) -> "Period":
        """Return the one a year before it (同比): of weeks, the one 52 weeks before."""
        if self.kind in ("day", "week"):
            return period_of(self.kind, self.starts_at - 364 * DAY)
        first = to_datetime(self.starts_at)
        return period_of(self.kind, to_moment(first.replace(year=first.year - 1)))

    def until(self, as_of: int) -> "Period":
        """Return the part of it that lies before a moment."""
        return Period(self.kind, self.starts_at, max(self.starts_at, min(self.ends_at, as_of)))


def period_of(kind: Kind, moment: int) -> Period:
    """Return the period of a kind that a moment lies in. Weeks begin on Monday."""
    day = to_datetime(moment).date()
    if kind in ("day", "week"):
        first = day - timedelta(days=day.weekday() if kind == "week" else 0)
        ends = first + timedelta(days=7 if kind == "week" else 1)
        return Period(kind, _midnight(first), _midnight(ends))
    months = _MONTHS[kind]
    since = 12 * day.year + (day.month - 1) // months * months
    return Period(kind, _first_of(since), _first_of(since + months))


def _first_of(month: int) -> int:
    """Return the first moment of a month that is counted from year 0 on."""
    return _midnight(date(month // 12, month % 12 + 1, 1))


def _midnight(day: date) -> int:
    return to_moment(datetime.combine(day, time(), UTC))
