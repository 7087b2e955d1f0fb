"""The course of a period: what has come up by each day, beside the period before and a year ago."""

import polars as pl

from data.moments import DAY
from serving.insights.attainment import happened
from serving.insights.period import Period


def course(
    deals: pl.DataFrame, work: pl.DataFrame, period: Period, as_of: int, metric: str
) -> pl.DataFrame:
    """Add up a metric day by day.

    Args:
        deals: those in scope, with value.
        work: activities in scope.
        period: when.
        as_of: up to when it is known: the days after it are null.
        metric: won_amount, won_deals, or an activity's kind.

    Returns:
        day (1 is the period's first), actual, before and year_ago: the sums up to the end of that
        day of the period, of the one before it and of the one a year before it; the days that a
        shorter one does not have hold its last sum.
    """
    rows = happened(deals, work, metric).select("at", "amount").filter(pl.col("at") < as_of)
    told = {"actual": period, "before": period.before(), "year_ago": period.a_year_before()}
    days = pl.DataFrame({"day": range(1, round(period.days) + 1)}, schema={"day": pl.Int64})
    for name, one in told.items():
        days = days.join(_by_day(rows, one, name), on="day", how="left")
    known = period.starts_at + (pl.col("day") - 1) * DAY < as_of
    sums = days.with_columns(pl.col(name).fill_null(0.0).cum_sum() for name in told)
    return sums.with_columns(actual=pl.when(known).then("actual"))


def _by_day(rows: pl.DataFrame, period: Period, name: str) -> pl.DataFrame:
    inside = period.holds("at")
    day = (pl.col("at") - period.starts_at) // DAY + 1
    return rows.filter(inside).group_by(day=day).agg(pl.col("amount").sum().alias(name))
