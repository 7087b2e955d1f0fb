"""The calendar: steps of time, working moments, holidays, quarter ends and slow drift.

Moments are UTC microseconds; working hours are nine to six in China, so 01:00 to 10:00 UTC.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from data.moments import DAY, HOUR

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Days: TypeAlias = npt.NDArray[np.datetime64]
"""Calendar days, datetime64[D]."""

WEEKEND: Final = 0.1
"""How much is done on a day of the weekend, against 1 on a working day."""
HOLIDAY: Final = 0.15
NEAR_HOLIDAY: Final = 0.6

_NEW_MOON: Final = np.datetime64("2000-01-07T02:14", "m")
"""One new moon, by the clock in China."""
_LUNATION_MINUTES: Final = 29.530588 * 24 * 60


@dataclass(frozen=True)
class Clock:
    """Steps of equal length: step k runs from `moment(k)` to `moment(k + 1)`."""

    start: int
    step_days: int

    def moment(self, step: Ints) -> Ints:
        """Return the moments at which steps begin."""
        return self.start + step * (self.step_days * DAY)

    def next_step(self, moment: Ints) -> Ints:
        """Return the first steps that begin after moments."""
        return (moment - self.start) // (self.step_days * DAY) + 1

    def working(self, step: Ints, rng: np.random.Generator) -> Ints:
        """Draw a moment in working hours within each step (Monday to Friday of a week)."""
        day = rng.integers(0, min(self.step_days, 5), len(step)) if len(step) else step
        return self.moment(step) + day * DAY + rng.integers(HOUR, 10 * HOUR, len(step))

    def days(self, steps: int) -> Days:
        """Return the calendar days of the first steps, `steps * step_days` of them."""
        first = np.datetime64(self.start, "us").astype("datetime64[D]")
        days: Days = first + np.arange(steps * self.step_days)
        return days

    def mean(self, daily: Floats) -> Floats:
        """Average a daily series over each step."""
        mean: Floats = daily.reshape(-1, self.step_days).mean(axis=1)
        return mean


def chinese_new_year(years: Ints) -> Days:
    """Return Chinese New Year by the mean moon, a day off at most.

    It is the new moon that falls between 21 January and 20 February, as seen in China.
    """
    earliest = np.array([f"{year}-01-21" for year in years], "datetime64[m]")
    lunations = np.ceil((earliest - _NEW_MOON).astype(np.float64) / _LUNATION_MINUTES)
    minutes = np.ceil(lunations * _LUNATION_MINUTES).astype("timedelta64[m]")
    day: Days = (_NEW_MOON + minutes).astype("datetime64[D]")
    return day


def work(days: Days) -> Floats:
    """Return how much is done each day: weekends, National Day and Chinese New Year are quiet."""
    done = np.where(np.is_busday(days), 1.0, WEEKEND)
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    span = np.arange(years.min(), years.max() + 1)
    since = (days - chinese_new_year(span)[years - years.min()]).astype(np.int64)
    done[(since >= -10) & (since <= 14)] *= NEAR_HOLIDAY
    done[(since >= -3) & (since <= 9)] *= HOLIDAY
    golden_week = (days.astype("datetime64[M]").astype(np.int64) % 12 == 9) & (_month_day(days) < 7)
    done[golden_week] *= HOLIDAY
    return done


def quarter_push(days: Days) -> Floats:
    """Return the log pull on closings: up at the end of a quarter and in December, down after."""
    months = days.astype("datetime64[M]").astype(np.int64)
    first = (months // 3 * 3).astype("datetime64[M]").astype("datetime64[D]")
    next_first = (months // 3 * 3 + 3).astype("datetime64[M]").astype("datetime64[D]")
    push = np.zeros(len(days))
    push[next_first - days <= np.timedelta64(14, "D")] = np.log(1.8)
    push[days - first < np.timedelta64(21, "D")] = np.log(0.7)
    return push + np.where(months % 12 == 11, np.log(1.2), 0.0)


def _month_day(days: Days) -> Ints:
    """Return the day of the month, from 0."""
    first = days.astype("datetime64[M]").astype("datetime64[D]")
    since: Ints = (days - first).astype(np.int64)
    return since
