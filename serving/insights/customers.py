"""Won customers against what was expected of them, by the handbook."""

import polars as pl

from data.moments import DAY
from serving.insights.period import Period, period_of


def customer_attainment(customers: pl.DataFrame, required: float) -> pl.DataFrame:
    """Judge won customers by the handbook.

    expected = estimated monthly revenue · required attainment; growth = this quarter's mean monthly
    revenue - the mean of the six months before; met when growth ≥ expected.

    Args:
        customers: columns estimate, quarter_mean and previous_mean, all a month, and others.
        required: the required attainment, as a share.

    Returns:
        The same with required, expected, growth, over (growth - expected) and met.
    """
    return (
        customers.with_columns(
            required=pl.lit(required),
            expected=pl.col("estimate") * required,
            growth=pl.col("quarter_mean") - pl.col("previous_mean"),
        )
        .with_columns(over=pl.col("growth") - pl.col("expected"))
        .with_columns(met=pl.col("over") >= 0)
    )


def won_customers(deals: pl.DataFrame, quarter: Period) -> pl.DataFrame:
    """Return the customers of a quarter's won deals, with their revenue a month.

    Revenue is what deals were won at. The estimate is what those deals were opened with, a month of
    the quarter; a customer is new whose first won deal is of this quarter.

    Args:
        deals: with account_id, account, owner, role, outcome, closed_at, value, opened_value.
        quarter: the quarter.

    Returns:
        account_id, customer, owner, role, kind (new or existing), estimate, quarter_mean,
        previous_mean.
    """
    columns = ("account_id", "account", "owner", "role", "closed_at", "value", "opened_value")
    is_won = (pl.col("outcome") == "won") & pl.col("account_id").is_not_null()
    won = deals.select(*columns, "outcome").filter(is_won, pl.col("closed_at") < quarter.ends_at)
    now = quarter.holds("closed_at")
    here = won.filter(now).select("account_id").unique()
    half_year = period_of("month", quarter.starts_at - 170 * DAY).starts_at
    before = pl.col("closed_at").is_between(half_year, quarter.starts_at, closed="left")
    latest = pl.col("closed_at") == pl.col("closed_at").filter(now).max()
    return (
        won.join(here, on="account_id", how="semi")
        .group_by("account_id")
        .agg(
            customer=pl.first("account"),
            owner=pl.col("owner").filter(latest).first(),
            role=pl.col("role").filter(latest).first(),
            kind=pl.when((~now).any()).then(pl.lit("existing")).otherwise(pl.lit("new")),
            estimate=pl.col("opened_value").filter(now).sum() / 3,
            quarter_mean=pl.col("value").filter(now).sum() / 3,
            previous_mean=pl.col("value").filter(before).sum() / 6,
        )
        .sort("quarter_mean", "account_id", descending=[True, False])
    )
