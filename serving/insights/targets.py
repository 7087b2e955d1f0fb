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
        found = _over(chosen, period)
        if found is not None:
            is_sum = first or (level != "company" and (ids is None or len(ids) > 1))
            return Target(found.value, "parts" if is_sum and found.basis == "own" else found.basis)
    return None


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


def _over(rows: pl.DataFrame, period: Period) -> Target | None:
    """Return the sum over a period: its own rows, those of its parts, or a longer one's share."""
    own = rows.filter(pl.col("period") == period.kind, pl.col("starts_at") == period.starts_at)
    if len(own):
        return Target(float(own["value"].sum()), "own")
    place = KINDS.index(period.kind)
    for kind in reversed(KINDS[:place]):
        inside = pl.col("starts_at").is_between(period.starts_at, period.ends_at, closed="left")
        parts = rows.filter(pl.col("period") == kind, inside)
        days = sum(period_of(kind, start).days for start in parts["starts_at"].unique())
        if len(parts) and abs(days - period.days) < 1:
            return Target(float(parts["value"].sum()), "parts")
    for kind in KINDS[place + 1 :]:
        longer = period_of(kind, period.starts_at)
        around = rows.filter(pl.col("period") == kind, pl.col("starts_at") == longer.starts_at)
        if len(around):
            share = period.days / longer.days
            return Target(float(around["value"].sum()) * share, "pro_rata")
    return None
