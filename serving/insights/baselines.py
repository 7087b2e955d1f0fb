"""What people forecast by today, beside which every forecast is shown.

    stage-weighted   won + sum of (win rate of the stage · amount) of deals with a stated date in it
    commit           won + amounts that sellers committed, with a stated date in it
    handbook 1       won + committed amount of effective deals · the last window's conversion of
                     committed amount · its attainment of committed amount
    handbook 2       won + number of effective deals · the last window's conversion of effective
                     deals · the mean won amount

The handbook speaks of months. Here the last window is as long as the time that is left, up to now.
Deals without a stated date count as falling due, where no deal has one.
"""

from dataclasses import dataclass

import polars as pl

from data.moments import DAY

_YEAR = 364 * DAY


@dataclass(frozen=True)
class Baselines:
    """Bookings of a period as told by each; None where what it goes by is not recorded.

    Attributes:
        stage_weighted: by stages' win rates.
        commit: by the sellers' own call.
        handbook_amount: the handbook's formula of new revenue.
        handbook_deals: its formula of new customers, times the mean won amount.
        new_customers: what that formula says itself.
    """

    stage_weighted: float | None
    commit: float | None
    handbook_amount: float | None
    handbook_deals: float | None
    new_customers: float | None


def baselines(
    deals: pl.DataFrame,
    rates: pl.DataFrame,
    then: pl.DataFrame,
    won: float,
    ends_at: int,
    as_of: int,
) -> Baselines:
    """Forecast the bookings of a period that ends at a moment.

    Args:
        deals: what `known_deals` says, with value and committed.
        rates: the win rate by stage, see `stage_rates`.
        then: how they stood a window ago: deal_id, effective, committed, value_then, won (by now),
            value.
        won: booked already.
        ends_at: the period's end.
        as_of: now.
    """
    open_deals = deals.filter(pl.col("outcome") == "open").with_columns(
        pl.col("value").fill_null(0.0)
    )
    due = open_deals
    if open_deals["expected_close_at"].null_count() < len(open_deals):
        due = open_deals.filter(pl.col("expected_close_at") < ends_at)
    weighted = due.join(rates, on="stage", how="left").select(
        (pl.col("rate").fill_null(0.0) * pl.col("value")).sum()
    )
    called = deals["commit"].null_count() < len(deals)
    new_customers, amount = _handbook(open_deals, then)
    lately = deals.filter(pl.col("outcome") == "won", pl.col("closed_at") > as_of - _YEAR)
    mean_won = lately["value"].drop_nulls().mean()
    by_deals = None
    if new_customers is not None and isinstance(mean_won, float):
        by_deals = won + new_customers * mean_won
    return Baselines(
        stage_weighted=won + float(weighted.item()) if len(rates) else None,
        commit=won + float(due.filter("committed")["value"].sum()) if called else None,
        handbook_amount=won + amount if called and amount is not None else None,
        handbook_deals=by_deals,
        new_customers=new_customers,
    )


def stage_rates(deals: pl.DataFrame, spells: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """Return stage and rate: of the deals closed within a year that stood in it, the share won."""
    closed = deals.filter(pl.col("outcome") != "open", pl.col("closed_at") > as_of - _YEAR)
    stood = (
        spells.select("deal_id", "stage")
        .unique()
        .join(closed.select("deal_id", won=pl.col("outcome") == "won"), on="deal_id")
    )
    return stood.group_by("stage").agg(rate=pl.col("won").mean())


def _handbook(open_deals: pl.DataFrame, then: pl.DataFrame) -> tuple[float | None, float | None]:
    """Return the new customers and the new revenue that the handbook's formulas say."""
    effective = then.filter("effective")
    now = open_deals.filter("effective")
    customers, amount = None, None
    if len(effective):
        customers = len(now) * float(effective["won"].sum()) / len(effective)
    promised = effective.filter("committed")
    stood = float(promised["value_then"].sum())
    kept = promised.filter("won")
    kept_stood = float(kept["value_then"].sum())
    if stood > 0:
        conversion = kept_stood / stood
        attainment = float(kept["value"].sum()) / kept_stood if kept_stood else 0.0
        committed = float(now.filter("committed")["value"].sum())
        amount = committed * conversion * attainment
    return customers, amount
