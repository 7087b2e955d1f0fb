"""What sellers note once a deal has closed: why it ended, and what was earned."""

from typing import Final

import numpy as np
import polars as pl

from data.simulator.calendar import Ints

WON_BECAUSE: Final = ("方案契合", "价格合适", "客户关系", "交付能力")
LOST_BECAUSE: Final = ("价格过高", "需求不符", "联系中断", "输给竞争对手", "预算不足", "项目推迟")
_COMPETITION, _BUDGET, _DELAY = 3, 4, 5
NOTED: Final = 0.8
"""Share of closed deals whose reason is noted."""
TRUE: Final = 0.7
"""Share of the reasons for losing that name what stood against the deal."""
MARGIN: Final = (0.18, 0.45)
"""From which share of the amount to which is earned."""


def noted(
    deals: pl.DataFrame, competitors: pl.Series, budget: Ints, rng: np.random.Generator
) -> list[pl.Expr]:
    """Return `closed_because` of deals that closed and `margin` of those that were won.

    Args:
        deals: with outcome, amount and pace.
        competitors: how many, one a deal.
        budget: 0 none, 1 unknown, 2 granted.
        rng: of its own, so that the rest of the company is what it was without it.
    """
    n = len(deals)
    against = np.select(
        [competitors.to_numpy() >= 3, budget == 0, deals["pace"].to_numpy() < -0.5],
        [_COMPETITION, _BUDGET, _DELAY],
        rng.integers(0, _COMPETITION, n),
    )
    lost = np.where(rng.random(n) < TRUE, against, rng.integers(0, len(LOST_BECAUSE), n))
    won = rng.integers(0, len(WON_BECAUSE), n)
    known = pl.lit(pl.Series(rng.random(n) < NOTED))
    words = {
        "won": pl.Series(WON_BECAUSE).gather(won),
        "lost": pl.Series(LOST_BECAUSE).gather(lost),
    }
    margin = deals["amount"] * pl.Series(rng.uniform(*MARGIN, n))
    return [
        pl.coalesce(
            pl.when(known, pl.col("outcome") == outcome).then(pl.lit(told))
            for outcome, told in words.items()
        ).alias("closed_because"),
        pl.when(pl.col("outcome") == "won")
        .then(pl.lit((margin / 100).round() * 100))
        .alias("margin"),
    ]
