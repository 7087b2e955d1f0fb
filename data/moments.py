"""Moments: UTC microseconds since 1970 inside, ISO 8601 at every edge."""

from datetime import UTC, date, datetime, timedelta
from time import time_ns
from typing import Final

from data.errors import BadInput

SECOND: Final = 1_000_000
HOUR: Final = 3_600 * SECOND
DAY: Final = 24 * HOUR
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = _EPOCH.toordinal()


def to_moment(value: datetime) -> int:
    """Return the UTC microseconds of an aware datetime, exactly."""
    past = value - _EPOCH
    return (past.days * 86_400 + past.seconds) * SECOND + past.microseconds


def to_datetime(moment: int) -> datetime:
    """Return the aware UTC datetime of a moment."""
    return _EPOCH + timedelta(microseconds=moment)


def iso(moment: int) -> str:
    """Return a moment as ISO 8601 in UTC, such as 2026-11-23T09:00:00Z."""
    return to_datetime(moment).isoformat().replace("+00:00", "Z")


def iso_date(moment: int) -> str:
    """Return the UTC calendar date of a moment."""
    return date.fromordinal(_FIRST_DAY + moment // DAY).isoformat()


def days_in_words(days: float) -> str:
    """Return whole days in English: "1 day", "28 days"."""
    return f"{days:.0f} day" if days == 1 else f"{days:.0f} days"


def parse_moment(text: str, field: str = "as_of") -> int:
    """Read an ISO 8601 date or date-time; without a zone it means UTC.

    Raises:
        BadInput: the text is not ISO 8601.

    """
    try:
        value = datetime.fromisoformat(text)
        moment = to_moment(value if value.tzinfo else value.replace(tzinfo=UTC))
        to_datetime(moment)  # by its zone it may lie before the year 1 or after 9999
    except (ValueError, OverflowError):
        raise BadInput(
            "not a moment",
            field=field,
            value=text,
            allowed="ISO 8601, such as 2026-11-23 or 2026-11-23T09:00:00+08:00",
            remedy="write the year first, and the zone if it is not UTC; in an address + is %2B",
        ) from None
    return moment


def monday(moment: int) -> date:
    """Return the Monday of the UTC week a moment lies in: the name of a weekly list."""
    day = to_datetime(moment).date()
    return day - timedelta(days=day.weekday())


def now() -> int:
    """Return this moment by the machine's clock."""
    return time_ns() // 1_000
