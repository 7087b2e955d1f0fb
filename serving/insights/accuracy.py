"""Live accuracy: what the ledger says was said, against what came."""

from typing import Final

import polars as pl

from data.moments import DAY

_LEAST: Final = 1e-6
"""No chance counts as smaller in a logarithm: one surprise is not infinitely bad."""


def came(said: pl.DataFrame, deals: pl.DataFrame, now: int) -> pl.DataFrame:
    """Look up what came of what was said, wherever its horizon has passed.

    Args:
        said: from `serving.ledger.said`: deal_id, as_of, bundle, days, p_won, p_lost and more.
        deals: deal_id, outcome, closed_at of the contract's deals.
        now: this moment; what is due later is left out.

    Returns:
        The rows of `said` that are due and whose deal is known, with won and lost (0 or 1): what
        had become of the deal by as_of + days. An erased deal is not known.
    """
    due = pl.col("as_of") + pl.col("days") * DAY
    by_then = pl.col("closed_at") <= due
    return (
        said.filter(due <= now)
        .join(deals.select("deal_id", "outcome", "closed_at"), on="deal_id")
        .with_columns(
            (by_then & (pl.col("outcome") == end)).fill_null(value=False).cast(pl.Int64).alias(end)
            for end in ("won", "lost")
        )
        .drop("outcome", "closed_at")
    )


def accuracy(judged: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Sum up what came by some columns of it, such as bundle and days.

    Args:
        judged: from `came`.
        by: the columns.

    Returns:
        A row for each value of `by`, sorted: n, said_won (the sum of p_won), came_won, said_lost,
        came_lost, brier (mean squared error of p_won), log_loss (mean -log of the probability of
        what came: won, lost or still open).
    """
    open_then = 1.0 - pl.col("p_won") - pl.col("p_lost")
    happened = (
        pl.when(pl.col("won") == 1)
        .then("p_won")
        .when(pl.col("lost") == 1)
        .then("p_lost")
        .otherwise(open_then)
    )
    return (
        judged.group_by(by)
        .agg(
            n=pl.len().cast(pl.Int64),
            said_won=pl.sum("p_won"),
            came_won=pl.sum("won"),
            said_lost=pl.sum("p_lost"),
            came_lost=pl.sum("lost"),
            brier=((pl.col("p_won") - pl.col("won")) ** 2).mean(),
            log_loss=-happened.clip(_LEAST, 1.0).log().mean(),
        )
        .sort(by)
    )
