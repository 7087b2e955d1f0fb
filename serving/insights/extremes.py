"""The best and the worst customers, products and sources of a period."""

from typing import Literal

import polars as pl

from serving.insights.period import Period


def best_and_worst(
    deals: pl.DataFrame,
    by: Literal["account", "product", "source"],
    period: Period,
    measure: Literal["value", "margin"] = "value",
    count: int = 10,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the best and the worst of the customers, products or sources of a period's closings.

    Args:
        deals: with value and margin, in one currency.
        by: of what.
        period: when the deals closed.
        measure: by won amount or by margin.
        count: how many.

    Returns:
        Two frames of group, won, lost and total, the best first and the worst first. Among the best
        nobody has won nothing, and nobody of them stands among the worst; of those who brought the
        same the one with more lost deals is worse.
    """
    closed = deals.select(by, "outcome", "closed_at", measure).filter(period.holds("closed_at"))
    won = pl.col("outcome") == "won"
    summed = (
        closed.filter(pl.col(by).is_not_null())
        .group_by(group=by)
        .agg(
            won=won.sum().cast(pl.Int64),
            lost=(~won).sum().cast(pl.Int64),
            total=pl.col(measure).filter(won).sum(),
            known=pl.col(measure).is_not_null().any(),
        )
    )
    if measure == "margin":
        summed = summed.filter("known")
    ranked = summed.drop("known").sort("total", "group", descending=[True, False])
    best = ranked.filter(pl.col("won") > 0).head(count)
    rest = ranked.join(best, on="group", how="anti")
    return best, rest.sort("total", "lost", "group", descending=[False, True, False]).head(count)
