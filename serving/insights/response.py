"""The response curve: what working on a deal this week is assumed to change. It is declared.

    value at stake = amount · p (1 - p) · urgency
"""

from typing import Final

import polars as pl

from serving.scores import Scores

ASSUMPTION: Final = {"zh": "", "en": ""}


def value_at_stake(scores: Scores, period_days: float, week_days: float) -> pl.DataFrame:
    """Return deal_id, expected_effect and value_at_stake."""
    curves = scores.curves
    week = week_days if curves.dated else float("inf")
    p = curves.won_by(period_days)
    closes = p + curves.lost_by(period_days)
    soon = curves.won_by(week) + curves.lost_by(week)
    told = scores.rows.select("deal_id", p=pl.Series(p), closes=pl.Series(closes), soon=pl.Series(soon))
    told = told.join(scores.amount_at_close(), on="deal_id", maintain_order="left")
    known = told["amount_at_close"].median()
    amount = pl.col("amount_at_close").fill_null(1.0 if known is None else known)
    urgency = pl.when(pl.col("closes") > 0).then(pl.col("soon") / pl.col("closes")).otherwise(0.0)
    effect = pl.col("p") * (1.0 - pl.col("p")) * urgency
    return told.select("deal_id", expected_effect=effect, value_at_stake=amount * effect)
