"""Activity quotas by role: what sellers are to do in a week and a quarter, and what they did."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from data.practice import Quota
from serving.insights.period import Period, period_of

QUOTAS: Final = {
    "new_customers": ("每周新增目标客户", "new target customers a week"),
    "key_customers": ("每季跟进重点客户", "key customers followed a quarter"),
    "closings": ("每周成交", "closings a week"),
}


def quotas(
    deals: pl.DataFrame,
    followed: pl.DataFrame,
    sellers: pl.DataFrame,
    by_role: Mapping[str, Quota],
    as_of: int,
) -> pl.DataFrame:
    """Set what sellers did this week, and this quarter, against the quotas of their roles.

    A new target customer is an account whose first deal the seller opened this week, at an amount
    of at least the role's least estimate. A key customer followed is an account that the seller
    did something for this quarter, with a deal of at least that amount.

    Args:
        deals: with owner_id, account_id, created_at, closed_at, outcome, value and
            first_of_account: whether it is the first deal
            of its account, whoever's.
        followed: owner_id, account_id, week, value.
        sellers: those to be told of: owner_id, owner, role.
        by_role: the quotas.
        as_of: the moment.

    Returns:
        owner_id, owner, role, quota (a key of `QUOTAS`), zh, en, asked, done, rate, met.
    """
    week, quarter = spans(as_of)
    columns = ("owner_id", "account_id", "created_at", "closed_at", "outcome", "value")
    deals = deals.select(*columns, "first_of_account")
    asked = pl.DataFrame(
        [(role, one.least_estimate, *_asked(one)) for role, one in by_role.items()],
        schema=["role", "least", *QUOTAS],
        orient="row",
    )
    theirs = sellers.join(asked, on="role")
    first = deals.filter("first_of_account")
    counts = {
        "new_customers": _large(first, "created_at", week, theirs)
        .unique(["owner_id", "account_id"])
        .group_by("owner_id"),
        "key_customers": _large(followed, "week", quarter, theirs)
        .unique(["owner_id", "account_id"])
        .group_by("owner_id"),
        "closings": deals.filter(pl.col("outcome") == "won", week.holds("closed_at")).group_by(
            "owner_id"
        ),
    }
    told = [
        theirs.select("owner_id", "owner", "role", asked=pl.col(name).cast(pl.Int64))
        .join(grouped.agg(done=pl.len().cast(pl.Int64)), on="owner_id", how="left")
        .with_columns(quota=pl.lit(name), zh=pl.lit(QUOTAS[name][0]), en=pl.lit(QUOTAS[name][1]))
        for name, grouped in counts.items()
    ]
    done = pl.col("done").fill_null(0)
    return (
        pl.concat(told)
        .with_columns(done=done, rate=pl.when(pl.col("asked") > 0).then(done / pl.col("asked")))
        .with_columns(met=pl.col("done") >= pl.col("asked"))
        .select(*("owner_id", "owner", "role", "quota", "zh", "en", "asked", "done", "rate", "met"))
        .sort("owner_id", "quota")
    )


def _asked(quota: Quota) -> tuple[int, int, int]:
    return quota.new_customers, quota.key_customers, quota.closings


def spans(as_of: int) -> tuple[Period, Period]:
    """Return the week and the quarter that quotas are of; Monday's first moment ends a week."""
    return period_of("week", as_of - 1), period_of("quarter", as_of - 1)


def _large(frame: pl.DataFrame, at: str, period: Period, sellers: pl.DataFrame) -> pl.DataFrame:
    least = sellers.select("owner_id", "least")
    inside = frame.filter(period.holds(at)).join(least, on="owner_id")
    return inside.filter(pl.col("value") >= pl.col("least"))
