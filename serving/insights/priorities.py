"""The week's list: what sellers' hours go to, what must be done, and why the rest is not listed.

First what must be done, then the most value for the hours that are left, a little of it drawn by
chance. What is not listed says why.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from data.listing import Listing
from data.moments import DAY
from models.curve import Array
from serving.insights import why_not
from serving.insights.allocation import Load, Mask, allocate, numbered
from serving.insights.experiments import Chance, Drawn, held_out
from serving.insights.quarter import Quarter
from serving.insights.response import value_at_stake
from serving.scores import Scores

GROUPS: Final = ("must", "risk", "worth")
"""Must do, most worth, at risk: as `group` of an item."""
_FALLEN: Final = -10
"""Points of the score lost in a week that put a deal at risk."""
_GRAVE: Final = ("silence", "shrinking", "stalled")
"""Warnings that put a deal at risk."""


@dataclass(frozen=True)
class List:
    """One week's list of a pipeline.

    Attributes:
        listed: the items, first position first.
        others: the open deals that are not listed: their columns, with why, figure, zh and en.
        loads: a row per seller: owner_id, owner, team, hours_available, hours_used, must_hours,
            deals, value_at_stake.
    """

    listed: pl.DataFrame
    others: pl.DataFrame
    loads: pl.DataFrame


def period_end(as_of: int, desk: Listing) -> int:
    """Return the end of the quarter that the list works towards."""
    end = Quarter.of(as_of).ends_at
    return end if end - as_of >= desk.least_days * DAY else Quarter.of(end).ends_at


def scored(scores: Scores, desk: Listing) -> pl.DataFrame:
    """Return what the list tells of the scores.

    Returns:
        deal_id, amount_at_close, score, grade, trend, period_end (moment), p_won_period,
        p_lost_period, p_won_end, p_won_<days> for each horizon, close_median, close_from,
        close_to (moments) and value_at_stake. Where timing is unknown the period is all that is
        to come, period_end is null, and nothing is urgent.
    """
    curves, end = scores.curves, None
    if curves.dated:
        end = period_end(scores.as_of, desk)
    period = math.inf if end is None else (end - scores.as_of) / DAY
    told = scores.rows.select(
        "deal_id",
        period_end=pl.lit(end, pl.Int64),
        p_won_period=pl.Series(curves.won_by(period)),
        p_lost_period=pl.Series(curves.lost_by(period)),
        p_won_end=pl.Series(curves.won_by(math.inf)),
        **{f"p_won_{days}": pl.Series(curves.won_by(days)) for days in scores.horizons_days},
    )
    for more in (scores.amount_at_close(), scores.graded(), scores.closing()):
        told = told.join(more, on="deal_id", maintain_order="left")
    return told.join(value_at_stake(scores, period, desk.week_days), on="deal_id")


def prioritise(
    deals: pl.DataFrame, desk: Listing, pipeline: str, week: str, as_of: int, acted: pl.DataFrame
) -> List:
    """Make the list.

    Args:
        deals: a row per open deal: deal_id, owner_id, owner, role, team, account_id,
            value_at_stake, score, p_won_end, trend, hours, must, due_at, last_out_at, warnings,
            stagnant, and whatever else the list shows.
        desk: hours and rules.
        pipeline: whose list, for the hold-out.
        week: the ISO date of its Monday, for chance near the cut.
        as_of: the moment.
        acted: what people did to items of earlier lists: deal_id, action, at, until; see
            `serving.actions.recent`.
    """
    rows = deals.sort("deal_id").join(acted, on="deal_id", how="left", maintain_order="left")
    groups = rows.select(pl.coalesce("account_id", "deal_id")).to_series().to_list()
    out = held_out(groups, desk.experiments, pipeline)
    rows = rows.with_columns(
        held_out=pl.Series(out, dtype=pl.Boolean),
        waits=why_not.waiting(desk, as_of),
    )
    load, sellers = _load(rows, desk)
    drawn = _choose(rows, load, desk, week)
    rows = rows.with_columns(
        listed=pl.Series(drawn.chosen, dtype=pl.Boolean),
        explored=pl.Series(drawn.explored, dtype=pl.Boolean),
        swapped=pl.Series(drawn.swapped, dtype=pl.Boolean),
        propensity=pl.Series(drawn.propensity * (1.0 - desk.experiments.holdout)),
        group=_group(),
    )
    listed = _ordered(rows.filter("listed"))
    others = why_not.told(rows, desk, as_of)
    return List(listed.drop(_INNER), others.drop(_INNER), _loads(sellers, listed))


_INNER: Final = ("listed", "waits", "acted", "acted_at", "acted_until")


def _load(rows: pl.DataFrame, desk: Listing) -> tuple[Load, pl.DataFrame]:
    """Return what competes for hours, and the sellers in the order of their numbers."""
    seller = pl.col("owner_id").fill_null("")
    sellers = (
        rows.group_by(seller.alias("key"))
        .agg(pl.first("owner_id", "owner", "role", "team"))
        .sort("key")
        .with_row_index("number")
    )
    hours = [desk.hours_of(o, r) for o, r in sellers.select("owner_id", "role").iter_rows()]
    sellers = sellers.with_columns(hours_available=pl.Series(hours, dtype=pl.Float64))
    number = rows.select(key=seller).join(sellers, on="key", maintain_order="left")["number"]
    load = Load(
        value=rows["value_at_stake"].to_numpy(),
        hours=rows["hours"].to_numpy(),
        seller=number.cast(pl.Int64).to_numpy(),
        account=numbered(rows["account_id"]),
        capacity=sellers["hours_available"].to_numpy(),
        most=np.full(len(sellers), desk.per_owner),
        per_account=desk.per_account,
    )
    return load, sellers


def _choose(rows: pl.DataFrame, load: Load, desk: Listing, week: str) -> Drawn:
    """Choose first what must be done, then the most value for what is left; then chance.

    Chance takes nothing off that must be done.
    """
    free = ~rows["held_out"].to_numpy() & rows["waits"].is_null().to_numpy()
    must = free & rows["must"].to_numpy()
    # what must be done is listed however little it is worth: a promise is a promise
    first = _only(
        load,
        must,
        value=load.value + _some(load.value),
        account=-1,
        capacity=load.capacity * desk.must_share,
    )
    done = allocate(first)
    left = load.capacity - _sum_by(load, done, load.hours)
    places = load.most - _sum_by(load, done, np.ones(len(done))).astype(np.int64)
    kept = np.minimum(load.capacity * desk.experiments.explore, left)
    rest = free & ~done
    second = _only(load, rest, capacity=left - kept, most=places)
    best = allocate(second)
    chance = Chance(desk.experiments, week, rows["deal_id"].to_list())
    drawn = chance.draw(second, best, rest & ~must & (load.value > 0), kept)
    drawn.chosen[done], drawn.propensity[done] = True, 1.0
    return drawn


def _some(value: Array) -> float:
    """Return a value that is not nothing, and changes no order that matters."""
    return 1e-6 * max(float(value.max(initial=0.0)), 1e-6)


def _only(
    load: Load,
    which: Mask,
    value: Array | None = None,
    account: int | None = None,
    capacity: Array | None = None,
    most: Any = None,
) -> Load:
    """Return a load in which only some deals are worth anything."""
    worth = load.value if value is None else value
    return Load(
        np.where(which, worth, 0.0),
        load.hours,
        load.seller,
        load.account if account is None else np.full(len(load.account), account),
        load.capacity if capacity is None else capacity,
        load.most if most is None else most,
        load.per_account,
    )


def _sum_by(load: Load, chosen: Mask, what: Array) -> Array:
    total: Array = np.bincount(
        load.seller[chosen], what[chosen], minlength=len(load.capacity)
    ).astype(np.float64)
    return total


def _group() -> pl.Expr:
    kinds = pl.col("warnings").list.eval(pl.element().struct.field("kind").is_in(_GRAVE))
    fallen = (pl.col("trend") <= _FALLEN).fill_null(value=False)
    at_risk = pl.col("stagnant") | kinds.list.any().fill_null(value=False) | fallen
    chosen = pl.when(at_risk).then(pl.lit("risk")).otherwise(pl.lit("worth"))
    return pl.when("must").then(pl.lit("must")).otherwise(chosen)


def _ordered(listed: pl.DataFrame) -> pl.DataFrame:
    """Put the groups in their order, in each the most at stake first; ties by deal_id."""
    place = pl.col("group").replace_strict(GROUPS, range(len(GROUPS)), return_dtype=pl.Int64)
    ranked = listed.sort(place, -pl.col("value_at_stake"), "deal_id", maintain_order=True)
    return ranked.with_row_index("position", offset=1).with_columns(
        pl.col("position").cast(pl.Int64)
    )


def _loads(sellers: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    used = listed.group_by(key=pl.col("owner_id").fill_null("")).agg(
        hours_used=pl.sum("hours"),
        must_hours=pl.col("hours").filter(pl.col("group") == "must").sum(),
        deals=pl.len().cast(pl.Int64),
        value_at_stake=pl.sum("value_at_stake"),
    )
    numbers = ("hours_used", "must_hours", "value_at_stake", "deals")
    return (
        sellers.join(used, on="key", how="left")
        .with_columns(pl.col(numbers).fill_null(0))
        .sort("key")
        .select("owner_id", "owner", "team", "hours_available", *numbers)
    )
