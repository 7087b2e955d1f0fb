"""Quarters of the calendar, in UTC: the period that targets and forecasts are told for."""

from typing import Self

from serving.insights.period import Period, period_of


class Quarter(Period):
    """One quarter: from its first moment up to, not including, the next one's first."""

    @classmethod
    def of(cls, moment: int) -> Self:
        """Return the quarter that a moment lies in."""
        return cls(**vars(period_of("quarter", moment)))
