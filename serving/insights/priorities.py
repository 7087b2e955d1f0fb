"""The first list: open deals ranked by the value that working on them this week can move."""

import math
from dataclasses import dataclass

import polars as pl

from data.moments import DAY
from serving.insights.quarter import Quarter
from serving.scores import Scores


@dataclass(frozen=True)
class Rules:
    """What the ranking assumes.

    Attributes:
        week_days: how long a deal waits when it is not worked on now.
        least_days: the list looks to the end of the quarter, or of the next one when fewer
            days than these are left.
        per_owner: how many deals a seller is shown.
    """

    week_days: float = 7.0
    least_days: float = 28.0
    per_owner: int = 30


def period_end(as_of: int, rules: Rules) -> int:
    """Return the end of the quarter that the list works towards."""
    end = Quarter.of(as_of).ends_at
    return end if end - as_of >= rules.least_days * DAY else Quarter.of(end).ends_at


def value_at_stake(deals: pl.DataFrame) -> pl.Expr:
    """Say what working on a deal this week can move: amount · p(1 - p) · urgency.

    The assumed response: work shifts the log-odds of winning by the same step for every deal,
    and dp/d(log-odds) = p(1 - p), so it moves most where the outcome is least settled.
    p is the probability of being won by the period's end. Urgency is the share of the
    period's closings, won or lost, that fall within the coming week: what waiting loses.

    The amount is what the deal is expected to bring at close. A deal without one counts as the
    median one of the list; without any amounts on the list, each deal counts one.

    Args:
        deals: columns amount_at_close, p_won_period, p_close_period, p_close_week.
    """
    known = deals["amount_at_close"].median()
    amount = pl.col("amount_at_close").fill_null(1.0 if known is None else known)
    unsettled = pl.col("p_won_period") * (1.0 - pl.col("p_won_period"))
    closes = pl.col("p_close_period")
    urgency = pl.when(closes > 0).then(pl.col("p_close_week") / closes).otherwise(0.0)
    return amount * unsettled * urgency


def prioritise(deals: pl.DataFrame, scores: Scores, rules: Rules) -> pl.DataFrame:
    """Rank open deals by value at stake and give each seller the first of theirs.

    Args:
        deals: what `standing` says of them.
        scores: the same deals' scores, at the same moment.
        rules: what the ranking assumes.

    Returns:
        The deals' columns, with position (from 1), value_at_stake, amount_at_close, score, grade,
        trend, period_end (moment), p_won_period, p_won_<days> for each horizon, close_median,
        close_from, close_to (moments); first position first, ties by deal_id. Where timing is
        unknown the period is all that is to come, period_end is null, and nothing is urgent.
    """
    end = period_end(scores.as_of, rules) if scores.curves.dated else None
    scored = scores.rows.select(
        "deal_id", period_end=pl.lit(end, pl.Int64), **_probabilities(scores, end, rules)
    )
    for told in (scores.amount_at_close(), scores.graded(), scored, scores.closing()):
        deals = deals.join(told, on="deal_id")
    ranked = deals.with_columns(value_at_stake=value_at_stake(deals)).sort(
        "value_at_stake", "deal_id", descending=[True, False]
    )
    theirs = pl.int_range(pl.len()).over("owner_id") < rules.per_owner
    return (
        ranked.filter(theirs)
        .with_row_index("position", offset=1)
        .with_columns(pl.col("position").cast(pl.Int64))
        .drop("p_close_period", "p_close_week")
    )


def _probabilities(scores: Scores, end: int | None, rules: Rules) -> dict[str, pl.Series]:
    curves = scores.curves
    period = math.inf if end is None else (end - scores.as_of) / DAY
    week = math.inf if end is None else rules.week_days
    return {
        "p_won_period": pl.Series(curves.won_by(period)),
        "p_close_period": pl.Series(curves.won_by(period) + curves.lost_by(period)),
        "p_close_week": pl.Series(curves.won_by(week) + curves.lost_by(week)),
        **{f"p_won_{days}": pl.Series(curves.won_by(days)) for days in scores.horizons_days},
    }
