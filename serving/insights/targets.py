"""Targets: what a scope is to reach in a period, by its own row or by those of its parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from serving.insights.period import KINDS, Period, period_of
from serving.insights.scope import Scope

Basis = Literal["own", "parts", "pro_rata"]
_LEVELS: Final = ("company", "region", "team", "owner")


@dataclass(frozen=True)
class Target:
    """What is to be reached.

    Attributes:
        value: how much.
        basis: `own`, a row for this scope and period; `parts`, summed up from sellers or teams, or
            from shorter periods; `pro_rata`, a longer period's by the share of its days.
    """

    value: float
    basis: Basis


def target(
    targets: pl.DataFrame, sellers: pl.DataFrame, scope: Scope, period: Period, metric: str
) -> Target | None:
    """Return the target of a scope; None without one, or where it is narrowed to deals of a kind.

    Args:
        targets: the contract's targets.
        sellers: owner_id, team, region.
        scope: for whom.
        period: when.
        metric: won_amount, won_deals, or an activity's kind.
    """
    if scope.source is not None or scope.product is not None:
        return None
    rows = targets.filter(pl.col("metric") == metric)
    for first, (level, ids) in enumerate(_levels(scope, sellers)):
        chosen = rows.filter(pl.col("scope") == level)
        if ids is not None:
            chosen = chosen.filter(pl.col("scope_id").is_in(ids))
        found = _over(chosen.with_columns(group=pl.lit("")), period).get("")
        if found is not None:
            is_sum = first or (level != "company" and (ids is None or len(ids) > 1))
            return Target(found.value, "parts" if is_sum and found.basis == "own" else found.basis)
    return None


def targets_by(
    targets: pl.DataFrame,
    sellers: pl.DataFrame,
    scope: Scope,
    period: Period,
    metric: str,
    by: Literal["owner_id", "team", "region"],
) -> dict[str, Target]:
    """Return what `target` does of each seller, team or region within a scope that has one.

    A company has thousands of sellers, and theirs are found together.
    """
    if scope.source is not None or scope.product is not None:
        return {}
    theirs = scope.of(sellers)[by].drop_nulls().unique()
    if by == "owner_id":
        rows = targets.filter(pl.col("metric") == metric, pl.col("scope") == "owner")
        own = rows.filter(pl.col("scope_id").is_in(theirs.to_list()))
        return _over(own.with_columns(group="scope_id"), period)
    found = {
        one: target(targets, sellers, scope.within(Scope(**{by: (one,)})), period, metric)
        for one in theirs
    }
    return {one: aim for one, aim in found.items() if aim is not None}


def _levels(scope: Scope, sellers: pl.DataFrame) -> Iterator[tuple[str, list[str] | None]]:
    """Yield where a target may stand, the most direct first: a level and its ids, None for all."""
    if not scope.chosen:
        yield from ((level, None) for level in _LEVELS)
        return
    theirs = scope.of(sellers)
    if scope.owner_id is None:
        for level in ("region", "team"):
            if scope.chosen.keys() == {level}:
                yield level, list(scope.chosen[level])
        if scope.team is None:
            yield "team", theirs["team"].drop_nulls().unique().to_list()
    yield "owner", theirs["owner_id"].to_list()


def _over(rows: pl.DataFrame, period: Period) -> dict[str, Target]:
    """Return by `group` a period's own sum, else that of its parts, else a longer one's share.

    Parts count where together they are as long as the period.
    """
    found: dict[str, Target] = {}

    def put(some: pl.DataFrame, basis: Basis, share: float = 1.0) -> None:
        for group, value in some.group_by("group").agg(pl.col("value").sum()).iter_rows():
            found.setdefault(group, Target(float(value) * share, basis))

    put(_at(rows, period), "own")
    place = KINDS.index(period.kind)
    for kind in reversed(KINDS[:place]):
        inside = period.holds("starts_at")
        parts = rows.filter(pl.col("period") == kind, inside)
        long = {start: period_of(kind, start).days for start in parts["starts_at"].unique()}
        days = pl.col("starts_at").unique().replace_strict(long, return_dtype=pl.Float64).sum()
        is_whole = (days - period.days).abs() < 1
        put(parts.filter(is_whole.over("group")), "parts")
    for kind in KINDS[place + 1 :]:
        longer = period_of(kind, period.starts_at)
        put(_at(rows, longer), "pro_rata", period.days / longer.days)
    return found


def _at(rows: pl.DataFrame, period: Period) -> pl.DataFrame:
    return rows.filter(pl.col("period") == period.kind, pl.col("starts_at") == period.starts_at)
