"""The response curve: what working on a deal this week is assumed to change. It is declared.

    value at stake = amount at close · expected effect

Where a model serves that has seen activities, the effect is read off it: the chance to be won by
the period's end after a week's contact that the customer answered (`serving.contact`), less the
chance as things stand, and never below nothing. Elsewhere it is p (1 - p) · urgency: work shifts
the log-odds of winning by the same step for every deal, and dp/d(log-odds) = p (1 - p), so it
moves most where the outcome is least settled; urgency is the share of the period's closings, won
or lost, that fall within the coming week: what waiting loses.

Both are assumptions. The first is learned, but from who was spoken to, and nobody drew those by
lot. The hold-out and the swaps of the list are there to measure it.
"""

import math
from typing import Final, Literal

import numpy as np
import polars as pl

from models.curve import Array
from serving.scores import Scores

Response = Literal["contact", "settled"]

ASSUMPTIONS: Final[dict[Response, dict[str, str]]] = {
    "contact": {
        "zh": "假设：本周联系并得到客户回应的商机，其期末赢单概率变为历史上同类、有回应商机的水平；"
        "这是从历史相关性得出的，未经实验证实。",
        "en": "Assumed: a deal whose customer is spoken to and answers this week wins by the "
        "period's end as often as deals like it did that were in contact. This is learned from "
        "who was in contact in the past; no experiment has shown it.",
    },
    "settled": {
        "zh": "假设：一周的跟进使每个商机的赢单对数几率变化相同，因此最未定、最紧迫的商机改变最大；"
        "未经实验证实。",
        "en": "Assumed: a week's work shifts every deal's log-odds of winning by the same step, so "
        "it moves most where the outcome is least settled and closings are near. No experiment "
        "has shown it.",
    },
}


def response(scores: Scores) -> Response:
    """Say which curve holds for scores."""
    return "settled" if scores.answered is None else "contact"


def value_at_stake(scores: Scores, period_days: float, week_days: float) -> pl.DataFrame:
    """Return deal_id, expected_effect and value_at_stake, in the order of the scores.

    A deal without an amount counts as the median one; without any amounts each counts one.

    Args:
        scores: the deals' scores.
        period_days: the days to the period's end; infinite where timing is unknown.
        week_days: how long a deal waits that is not worked on.
    """
    effect = expected_effect(scores, period_days, week_days)
    amounts = scores.amount_at_close()
    known = amounts["amount_at_close"].median()
    amount = pl.col("amount_at_close").fill_null(1.0 if known is None else known)
    return amounts.with_columns(expected_effect=pl.Series(effect, dtype=pl.Float64)).select(
        "deal_id", "expected_effect", value_at_stake=amount * pl.col("expected_effect")
    )


def expected_effect(scores: Scores, period_days: float, week_days: float) -> Array:
    """Return what work is assumed to add to the chance of being won by the period's end, [n]."""
    p_won = scores.curves.won_by(period_days)
    if scores.answered is not None:
        gained: Array = np.maximum(scores.answered.won_by(period_days) - p_won, 0.0)
        return gained
    closes = p_won + scores.curves.lost_by(period_days)
    week = math.inf if math.isinf(period_days) else week_days
    soon = scores.curves.won_by(week) + scores.curves.lost_by(week)
    urgency = np.divide(soon, closes, out=np.zeros(len(closes)), where=closes > 0)
    settled: Array = p_won * (1.0 - p_won) * urgency
    return settled
