"""Existing customers that may open a deal next (潜在商机), from their own history.

An account opens deals at a rate of its own; rates differ as a gamma distribution, fitted to how
many deals accounts have opened in the time since their first (empirical Bayes, Greenwood & Yule
1920). With n deals after the first in T days, its rate is gamma(a + n, b + T), and the chance of at
least one within t days is 1 - ((b + T) / (b + T + t))^(a + n). It knows no season and no event:
only how often.
"""

import polars as pl

from data.moments import DAY

_LEAST_ACCOUNTS = 20


def potential(deals: pl.DataFrame, as_of: int, days: float = 91.0) -> pl.DataFrame:
    """Rank accounts without an open deal by their chance to open one soon.

    Args:
        deals: all deals of the pipeline in scope.
        as_of: the moment.
        days: within how long.

    Returns:
        account_id, account, deals, won, last_created (moment), p_opens, product (the one it
        opened most deals for), source_of_rate: the most likely first; none with too few accounts to
        tell rates apart.
    """
    known = deals.filter(pl.col("account_id").is_not_null())
    accounts = known.group_by("account_id").agg(
        account=pl.first("account"),
        deals=pl.len().cast(pl.Int64),
        won=(pl.col("outcome") == "won").sum().cast(pl.Int64),
        open=(pl.col("outcome") == "open").any(),
        first=pl.col("created_at").min(),
        last_created=pl.col("created_at").max(),
    )
    accounts = accounts.join(_products(known), on="account_id", how="left")
    told = accounts.with_columns(
        n=pl.col("deals") - 1, time=((as_of - pl.col("first")) / DAY).clip(lower_bound=1.0)
    )
    if len(told) < _LEAST_ACCOUNTS:
        return told.clear().select(*_TOLD, p_opens=pl.lit(0.0))
    shape, rate = _prior(told)
    waits = rate + pl.col("time")
    return (
        told.filter(~pl.col("open"))
        .with_columns(p_opens=1 - (waits / (waits + days)) ** (shape + pl.col("n")))
        .select(*_TOLD, "p_opens")
        .sort("p_opens", "account_id", descending=[True, False])
    )


_TOLD = ("account_id", "account", "deals", "won", "last_created", "product")


def _products(deals: pl.DataFrame) -> pl.DataFrame:
    """Return the product that each account opened most deals for."""
    named = deals.filter(pl.col("product").is_not_null())
    counts = named.group_by("account_id", "product").len()
    most = counts.sort("len", "product", descending=[True, False])
    return most.group_by("account_id", maintain_order=True).agg(pl.first("product"))


def _prior(accounts: pl.DataFrame) -> tuple[float, float]:
    """Return shape and rate of the gamma distribution, by moments.

    With N ~ Poisson(rate · T): the mean of rates is m = sum N / sum T, and their variance
    v = (sum (N - m T)² - sum m T) / sum T², at least a hundredth of m².
    """
    n, time = accounts["n"].to_numpy().astype(float), accounts["time"].to_numpy()
    mean = max(n.sum() / time.sum(), 1e-9)
    variance = (((n - mean * time) ** 2).sum() - mean * time.sum()) / (time**2).sum()
    variance = max(variance, 0.01 * mean**2)
    return mean**2 / variance, mean / variance
