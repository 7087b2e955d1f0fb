"""The walk from one forecast to the next: what each deal added or took; it sums exactly."""

from dataclasses import dataclass
from typing import Final

import polars as pl

STEPS: Final = {
    "created": ("新增", "created"),
    "won": ("赢单", "won"),
    "lost": ("输单", "lost"),
    "slipped": ("推迟", "slipped"),
    "up": ("上调", "moved up"),
    "down": ("下调", "moved down"),
    "amount": ("金额变化", "amount changed"),
    "reopened": ("重新打开", "open again"),
    "gone": ("已删除", "no longer there"),
    "to_come": ("未来新商机", "deals not known yet"),
}
"""What may happen to a deal between two forecasts, in zh and en, in the order of the walk."""

TOLD: Final = {
    "deal_id": pl.String,
    "title": pl.String,
    "owner": pl.String,
    "step": pl.String,
    "change": pl.Float64,
    "p_before": pl.Float64,
    "p_now": pl.Float64,
    "amount_before": pl.Float64,
    "amount_now": pl.Float64,
}


@dataclass(frozen=True)
class Walk:
    """From one forecast's mean to the next one's.

    Attributes:
        since: the moment of the earlier.
        before: its mean.
        now: the later one's mean.
        deals: what each deal did: the columns of `TOLD`, the largest change first. A deal whose
            chance and amount both changed has two rows.
    """

    since: int
    before: float
    now: float
    deals: pl.DataFrame

    def steps(self) -> pl.DataFrame:
        """Return step, zh, en, deals and change, in the walk's order: they sum to now - before."""
        order = pl.DataFrame(
            [(step, *words) for step, words in STEPS.items()],
            schema=["step", "zh", "en"],
            orient="row",
        )
        summed = self.deals.group_by("step").agg(
            deals=pl.col("deal_id").drop_nulls().len(), change=pl.col("change").sum()
        )
        return order.join(summed, on="step", maintain_order="left")


def walk(
    before: pl.DataFrame, now: pl.DataFrame, to_come: tuple[float, float], since: int, ends_at: int
) -> Walk:
    """Explain a difference between two forecasts of one period, deal by deal.

    Args:
        before: deals that the earlier forecast counted: deal_id, title, owner, outcome (open or
            won), p_won (1 if won), amount (at close), expected_close_at.
        now: the same of the later one, and every other deal that is known, with outcome lost or
            won too and p_won 0 for what does not count.
        to_come: what deals not known yet were expected to bring, then and now.
        since: the moment of the earlier.
        ends_at: the period's end: a stated date that moves past it is a slip.
    """
    sides = before.join(now, on="deal_id", how="full", suffix="_now", coalesce=True).with_columns(
        pl.col("p_won", "p_won_now", "amount", "amount_now").fill_null(0.0)
    )
    p, p_now = pl.col("p_won"), pl.col("p_won_now")
    amount, amount_now = pl.col("amount"), pl.col("amount_now")
    both_open = (pl.col("outcome") == "open") & (pl.col("outcome_now") == "open")
    both_won = (pl.col("outcome") == "won") & (pl.col("outcome_now") == "won")
    slipped = (pl.col("expected_close_at").is_null() | (pl.col("expected_close_at") < ends_at)) & (
        pl.col("expected_close_at_now") >= ends_at
    )
    lower = p_now < p
    step = (
        pl.when(pl.col("outcome").is_null())
        .then(pl.lit("created"))
        .when(pl.col("outcome_now").is_null())
        .then(pl.lit("gone"))
        .when(both_open & lower & slipped.fill_null(False))
        .then(pl.lit("slipped"))
        .when(both_open & lower)
        .then(pl.lit("down"))
        .when(both_open | both_won)
        .then(pl.lit("up"))
        .when(pl.col("outcome_now") == "open")
        .then(pl.lit("reopened"))
        .otherwise("outcome_now")
    )
    stays = both_open | both_won
    chance = sides.with_columns(
        step=step,
        change=pl.when(stays)
        .then((p_now - p) * amount_now)
        .otherwise(p_now * amount_now - p * amount),
    )
    money = sides.filter(stays).with_columns(
        step=pl.lit("amount"), change=p * (amount_now - amount)
    )
    rows = pl.concat([_told(chance), _told(money)]).filter(pl.col("change") != 0)
    come = pl.DataFrame([{"step": "to_come", "change": to_come[1] - to_come[0]}])
    deals = pl.concat([rows, come.filter(pl.col("change") != 0)], how="diagonal").sort(
        pl.col("change").abs(), "deal_id", descending=[True, False]
    )
    first, last = (
        float((frame["p_won"] * frame["amount"].fill_null(0.0)).sum()) + new
        for frame, new in zip((before, now), to_come, strict=True)
    )
    return Walk(since, first, last, deals)


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "deal_id",
        pl.coalesce("title_now", "title").alias("title"),
        pl.coalesce("owner_now", "owner").alias("owner"),
        "step",
        "change",
        p_before="p_won",
        p_now="p_won_now",
        amount_before="amount",
        amount_now="amount_now",
    )
