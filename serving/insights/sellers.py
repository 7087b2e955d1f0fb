"""A seller's own development: quarter by quarter, against nobody but oneself."""

import polars as pl

from data.moments import DAY


def development(deals: pl.DataFrame, work: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """Tell how one seller's quarters went.

    Args:
        deals: the seller's, with value.
        work: the seller's activities.
        as_of: the moment; its quarter is the last, and unfinished.

    Returns:
        quarter (its first moment), created, won, lost, won_share (of those closed), won_amount,
        mean_won, days_to_win (median), activities; the first quarter first.
    """
    won = pl.col("outcome") == "won"
    closed = (
        deals.filter(pl.col("outcome") != "open")
        .group_by(quarter=_quarter("closed_at"))
        .agg(
            won=won.sum().cast(pl.Int64),
            lost=(~won).sum().cast(pl.Int64),
            won_amount=pl.col("value").filter(won).sum(),
            mean_won=pl.col("value").filter(won).mean(),
            days_to_win=((pl.col("closed_at") - pl.col("created_at")) / DAY).filter(won).median(),
        )
    )
    created = deals.group_by(quarter=_quarter("created_at")).agg(created=pl.len().cast(pl.Int64))
    active = work.group_by(quarter=_quarter("day")).agg(activities=pl.col("count").sum())
    counts = ("created", "won", "lost", "activities")
    return (
        created.join(closed, on="quarter", how="full", coalesce=True)
        .join(active, on="quarter", how="full", coalesce=True)
        .filter(pl.col("quarter") <= as_of)
        .with_columns(pl.col(counts).fill_null(0), pl.col("won_amount").fill_null(0.0))
        .with_columns(
            won_share=pl.when(pl.col("won") + pl.col("lost") > 0).then(
                pl.col("won") / (pl.col("won") + pl.col("lost"))
            )
        )
        .select(
            *("quarter", "created", "won", "lost", "won_share"),
            *("won_amount", "mean_won", "days_to_win", "activities"),
        )
        .sort("quarter")
    )


def _quarter(moment: str) -> pl.Expr:
    return pl.from_epoch(moment, time_unit="us").dt.truncate("1q").dt.epoch("us")
