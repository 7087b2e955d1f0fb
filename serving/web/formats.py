"""Numbers, money, dates and times as a reader writes them: by language, zone and currency."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_interval, format_skeleton
from babel.numbers import format_currency, format_decimal

from data.moments import DAY, parse_moment, to_datetime
from serving.access.viewer import Language
from serving.insights.figures import short

Day: TypeAlias = date

NOTHING: Final = "–"
"""What stands where a value is unknown."""
Moment = int | str | None
"""Microseconds of UTC, or the ISO 8601 that a list is stored in."""


@dataclass(frozen=True)
class Formats:
    """How one reader's values are written. Everything takes None and writes a dash.

    Attributes:
        language: zh or en.
        zone: an IANA name, for dates and times.
        now: this moment, for "3 days ago".
    """

    language: Language
    zone: str
    now: int

    def number(self, value: float | None, digits: int = 0) -> str:
        """Write a number with thousands marked, and so many digits after the point at most."""
        if value is None:
            return NOTHING
        form = "#,##0" + ("." + "#" * digits if digits else "")
        value = round(value, digits) + 0.0  # what rounds to nothing has no sign
        return str(format_decimal(value, form, locale=self.language)).replace("-", "−")

    def signed(self, value: float | None, digits: int = 0) -> str:
        """Write a difference with its sign; what rounds to nothing has none."""
        if value is None:
            return NOTHING
        return ("+" if round(value, digits) > 0 else "") + self.number(value, digits)

    def share(self, value: float | None, digits: int = 0) -> str:
        """Write a probability in per cent; what is not quite 0 or 1 is not written as such."""
        if value is None:
            return NOTHING
        least = 10.0**-digits
        if 0 < value < least / 100:
            return f"<{least:g}%"
        if 1 - least / 100 < value < 1:
            return f">{100 - least:g}%"
        return f"{self.number(100 * value, digits)}%"

    def money(self, value: float | None, currency: str | None = None) -> str:
        """Write a sum short, see `short`."""
        return NOTHING if value is None else short(value, self.language, currency)

    def in_full(self, value: float | None, currency: str | None = None) -> str:
        """Write a sum to the cent, for where people hover and where they copy from."""
        if value is None:
            return NOTHING
        if currency is None:
            return self.number(value, 2)
        return str(format_currency(value, currency, locale=self.language)).replace("-", "−")

    def date(self, moment: Moment, year: bool | None = None) -> str:
        """Write the day of a moment; its year only where it is not this one, or as told."""
        day = self.day(moment)
        if day is None:
            return NOTHING
        here = to_datetime(self.now).astimezone(ZoneInfo(self.zone)).year
        with_year = day.year != here if year is None else year
        return self._skeleton("yMMMd" if with_year else "MMMd", day)

    def last_day(self, end: Moment) -> str:
        """Write the last day of a period that ends at a moment; periods are of UTC's calendar."""
        at = _micros(end)
        if at is None:
            return NOTHING
        return self._skeleton("MMMd", to_datetime(at - 1).date())

    def month(self, first: Day) -> str:
        """Write a month; a January with its year, so that an axis says it once."""
        return self._skeleton("yMMM" if first.month == 1 else "MMM", first)

    def week(self, monday: str) -> str:
        """Write the days of a week, named by its Monday."""
        first = Day.fromisoformat(monday)
        last = first + timedelta(days=6)
        return str(format_interval(first, last, "MMMd", locale=self.language))

    def range(self, start: Moment, end: Moment) -> str:
        """Write the days from one moment to another."""
        first, last = self.day(start), self.day(end)
        if first is None or last is None:
            return NOTHING
        this_year = first.year == last.year == (self.day(self.now) or first).year
        skeleton = "MMMd" if this_year else "yMMM"
        written = format_interval(first, last, skeleton, locale=self.language)
        return str(written).replace(" – ", "–")

    def time(self, moment: Moment) -> str:
        """Write the day and time of a moment."""
        at = self._local(moment)
        if at is None:
            return NOTHING
        return f"{self.date(moment)} {format_datetime(at, 'HH:mm', locale=self.language)}"

    def iso(self, moment: Moment) -> str:
        """Write a moment as ISO 8601 in the reader's zone, to the minute, for machines."""
        at = self._local(moment)
        return "" if at is None else at.isoformat(timespec="minutes")

    def day(self, moment: Moment) -> Day | None:
        """Return the day of a moment in the reader's zone."""
        at = self._local(moment)
        return None if at is None else at.date()

    def days_since(self, moment: Moment) -> int | None:
        """Return the whole days that have passed since a moment, by the clock."""
        at = _micros(moment)
        return None if at is None else int((self.now - at) // DAY)

    def _local(self, moment: Moment) -> datetime | None:
        at = _micros(moment)
        return None if at is None else to_datetime(at).astimezone(ZoneInfo(self.zone))

    def _skeleton(self, skeleton: str, day: Day) -> str:
        return str(format_skeleton(skeleton, day, locale=self.language))


def _micros(moment: Moment) -> int | None:
    return parse_moment(moment) if isinstance(moment, str) else moment
