"""Attainment: targets against actuals, growth, quotas by role, customers, best and worst.

An unfinished period is compared with as much of the period before, and of the one a year before,
as has passed of it.
"""

from collections.abc import Mapping
from typing import Final, Literal

import polars as pl

from data.moments import DAY
from data.practice import Quota
from serving.insights.period import Period, period_of
from serving.insights.scope import Scope
from serving.insights.targets import Target, target, targets_by

By = Literal["owner_id", "team", "region"]
WON_AMOUNT: Final = "won_amount"
WON_DEALS: Final = "won_deals"


def attained(
    deals: pl.DataFrame,
    work: pl.DataFrame,
    targets: pl.DataFrame,
    sellers: pl.DataFrame,
    scope: Scope,
    period: Period,
    as_of: int,
    by: By | None = None,
    metric: str = WON_AMOUNT,
) -> pl.DataFrame:
    """Set actuals against targets and the past.

    Args:
        deals: those in scope, with value.
        work: activities in scope, for a metric that is an activity's kind.
        targets: the contract's targets.
        sellers: owner_id, owner, team, region.
        scope: for whom; it chooses the targets.
        period: when.
        as_of: up to when actuals are known.
        by: a row for each of these; else one for the scope.
        metric: won_amount, won_deals, or an activity's kind.

    Returns:
        group (null for the scope as a whole), target, basis (see `targets.Target`), actual, rate,
        before and over_before (环比, a share), year_ago and over_year (同比); null where unknown.
    """
    spans = [period.until(as_of), *as_far(period, as_of)]
    # narrow before it is filtered: a large company has millions of deals of forty columns
    deals = deals.select("closed_at", "outcome", "value", *([] if by is None else [by]))
    groups: list[str | None] = [None]
    if by is not None:
        within = pl.concat([frame.select(by) for frame in (scope.of(sellers), deals)])
        groups = within[by].drop_nulls().unique().sort().to_list()
    rows_of = happened(deals, work, metric)
    actuals = [_actual(rows_of, span, by) for span in spans]
    aims: dict[str | None, Target | None] = {}
    if by is None:
        aims[None] = target(targets, sellers, scope, period, metric)
    else:
        aims.update(targets_by(targets, sellers, scope, period, metric, by).items())
    rows = []
    for group in groups:
        actual, before, year_ago = (found.get(group, 0.0) for found in actuals)
        aim = aims.get(group)
        rows.append(
            {
                "group": group,
                "target": aim and aim.value,
                "basis": aim and aim.basis,
                "actual": actual,
                "rate": actual / aim.value if aim and aim.value else None,
                "before": before,
                "over_before": actual / before - 1 if before else None,
                "year_ago": year_ago,
                "over_year": actual / year_ago - 1 if year_ago else None,
            }
        )
    return pl.DataFrame(rows, schema=_ATTAINED)


_ATTAINED: Final = {
    "group": pl.String,
    "target": pl.Float64,
    "basis": pl.String,
    "actual": pl.Float64,
    "rate": pl.Float64,
    "before": pl.Float64,
    "over_before": pl.Float64,
    "year_ago": pl.Float64,
    "over_year": pl.Float64,
}


def as_far(period: Period, as_of: int) -> list[Period]:
    """Return the period before and the one a year before, each as far as this one has come."""
    past = [period.before(), period.a_year_before()]
    if as_of >= period.ends_at:
        return past
    gone = max(as_of - period.starts_at, 0)
    return [one.until(one.starts_at + gone) for one in past]


def happened(deals: pl.DataFrame, work: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Return what adds to a metric: the rows of deals or of work, with `at` and `amount`."""
    if metric in (WON_AMOUNT, WON_DEALS):
        amount = pl.col("value").fill_null(0.0) if metric == WON_AMOUNT else pl.lit(1.0)
        return deals.filter(pl.col("outcome") == "won").with_columns(at="closed_at", amount=amount)
    return work.filter(pl.col("kind") == metric).with_columns(
        at="day", amount=pl.col("count").cast(pl.Float64)
    )


def _actual(rows: pl.DataFrame, span: Period, by: By | None) -> dict[str | None, float]:
    """Sum up what happened over a span, by group."""
    inside = _in(rows, "at", span)
    if by is None:
        return {None: float(inside["amount"].sum())}
    return dict(inside.group_by(by).agg(pl.col("amount").sum()).iter_rows())


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
    # a desk of Monday's first moment tells of the week that is over
    week, quarter = period_of("week", as_of - 1), period_of("quarter", as_of - 1)
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
        "closings": _in(deals.filter(pl.col("outcome") == "won"), "closed_at", week).group_by(
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


def _in(frame: pl.DataFrame, at: str, period: Period) -> pl.DataFrame:
    return frame.filter(pl.col(at).is_between(period.starts_at, period.ends_at, closed="left"))


def _large(frame: pl.DataFrame, at: str, period: Period, sellers: pl.DataFrame) -> pl.DataFrame:
    least = sellers.select("owner_id", "least")
    return (
        _in(frame, at, period).join(least, on="owner_id").filter(pl.col("value") >= pl.col("least"))
    )


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
    here = _in(won, "closed_at", quarter).select("account_id").unique()
    half_year = period_of("month", quarter.starts_at - 170 * DAY).starts_at
    now = pl.col("closed_at").is_between(quarter.starts_at, quarter.ends_at, closed="left")
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
    closed = _in(deals.select(by, "outcome", "closed_at", measure), "closed_at", period)
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
