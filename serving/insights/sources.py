"""Source quality: volume, conversion, won amount and time to win of the deals each has brought."""

import polars as pl

from data.moments import DAY
from serving.insights.funnel import Span
from serving.insights.waiting import waited


def source_quality(deals: pl.DataFrame, span: Span, as_of: int, by: str = "source") -> pl.DataFrame:
    """Judge the deals created in a period by what brought them.

    Args:
        deals: those in scope, with value.
        span: when the deals were created.
        as_of: the moment they are known at.
        by: the column that is judged.

    Returns:
        group, deals, won, lost, open, won_so_far (share), conversion (the share expected to be won
        in the end, see `waiting`; null while nothing has closed), won_amount, mean_won, days_to_win
        (median of those won so far), amount_a_deal (won amount by deals brought); the most won
        amount first.
    """
    brought = deals.filter(span.holds("created_at"), pl.col(by).is_not_null())
    won = pl.col("outcome") == "won"
    life = (pl.col("closed_at") - pl.col("created_at")) / DAY
    counted = brought.group_by(group=by).agg(
        deals=pl.len().cast(pl.Int64),
        won=won.sum().cast(pl.Int64),
        lost=(pl.col("outcome") == "lost").sum().cast(pl.Int64),
        won_amount=pl.col("value").filter(won).sum(),
        mean_won=pl.col("value").filter(won).mean(),
        days_to_win=life.filter(won).median(),
    )
    ended = pl.col("outcome").replace_strict(
        {"won": "moved", "lost": "lost"}, default=None, return_dtype=pl.String
    )
    spans = brought.select(
        by, span=pl.col("closed_at").fill_null(as_of) - pl.col("created_at"), ended=ended
    )
    expected = pl.DataFrame(
        [(name, waited(rows).conversion) for (name,), rows in spans.group_by(by)],
        schema={"group": pl.String, "conversion": pl.Float64},
        orient="row",
    )
    return (
        counted.join(expected, on="group")
        .with_columns(
            open=pl.col("deals") - pl.col("won") - pl.col("lost"),
            won_so_far=pl.col("won") / pl.col("deals"),
            amount_a_deal=pl.col("won_amount") / pl.col("deals"),
        )
        .sort("won_amount", "group", descending=[True, False])
    )
