"""Snapshots: (deal, as_of) pairs, each a question of what was known of an open deal then."""

import narwhals as nw
import polars as pl

from data.moments import DAY
from data.tables import Frame, Tables, collect


def open_snapshots(tables: Tables, as_of: int) -> Frame:
    """Return deal_id and as_of of every deal known by then and not known to be closed."""
    return tables.put(_grid(tables, as_of, DAY).filter(pl.col("as_of") == as_of))


def grid_snapshots(tables: Tables, end: int, cadence_days: int) -> Frame:
    """Return deal_id and as_of of every open deal at end, end - cadence, … back to the first deal.

    All deals share the grid, so the snapshots of one moment are the open deals that a list of
    that moment would have shown, in the same proportions.
    """
    return tables.put(_grid(tables, end, cadence_days * DAY))


def first_snapshots(tables: Tables, closed: bool) -> Frame:
    """Return deal_id and as_of, when it became known, of every closed or of every open deal.

    Of a pipeline that is not dated this is all that can be asked: what was known at first.
    """
    is_open = nw.col("outcome") == "open"
    deals = tables.deals.filter(~is_open if closed else is_open)
    return deals.select("deal_id", as_of=nw.col("recorded_at"))


def open_among(deals: pl.DataFrame, asked: pl.DataFrame, dated: bool = True) -> pl.DataFrame:
    """Return the snapshots, of deals each at a moment of its own, where the deal is open then.

    Args:
        deals: the contract's `deals`, held in memory.
        asked: deal_id and as_of; other columns stay.
        dated: whether they are asked of at that moment, or as what was known at first.
    """
    lives = deals.select("deal_id", "recorded_at", "closed_recorded_at")
    closed = (pl.col("closed_recorded_at") <= pl.col("as_of")).fill_null(value=False)
    known = asked.join(lives, on="deal_id").filter(
        pl.col("recorded_at") <= pl.col("as_of"), ~closed
    )
    if not dated:
        known = known.with_columns(as_of="recorded_at")
    return known.drop("recorded_at", "closed_recorded_at")


def _grid(tables: Tables, end: int, step: int) -> pl.DataFrame:
    """Give each deal the moments end - k * step, k = 0, 1, …, at which it is known and open."""
    lives = collect(tables.deals.select("deal_id", "recorded_at", "closed_recorded_at"))
    newest = pl.max_horizontal(0, (end - pl.col("closed_recorded_at")) // step + 1).fill_null(0)
    oldest = (end - pl.col("recorded_at")) // step
    return (
        lives.with_columns(k=pl.int_ranges(newest, oldest + 1))
        .explode("k", empty_as_null=False)
        .select("deal_id", as_of=end - pl.col("k") * step)
    )
