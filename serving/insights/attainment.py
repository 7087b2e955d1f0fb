"""Attainment: targets against actuals, and growth over the period and the year before.

An unfinished period is compared with as much of the period before, and of the one a year before,
as has passed of it.
"""

from typing import Final, Literal

import polars as pl

from serving.insights.period import Period
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
    inside = rows.filter(span.holds("at"))
    if by is None:
        return {None: float(inside["amount"].sum())}
    return dict(inside.group_by(by).agg(pl.col("amount").sum()).iter_rows())
