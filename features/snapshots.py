"""Snapshots: (deal, as_of) pairs, each a question of what was known of an open deal then."""

import narwhals as nw
import polars as pl

from data.moments import DAY
from data.tables import Frame, Tables


def open_snapshots(tables: Tables, as_of: int) -> Frame:
    """Return deal_id and as_of of every deal known by then and not known to be closed."""
    known = nw.col("recorded_at") <= as_of
    is_open = nw.col("closed_recorded_at").is_null() | (nw.col("closed_recorded_at") > as_of)
    return tables.deals.filter(known & is_open).select("deal_id", as_of=nw.lit(as_of, nw.Int64))


def grid_snapshots(tables: Tables, end: int, cadence_days: int) -> Frame:
    """Return deal_id and as_of of every open deal at end, end - cadence, … back to the first deal.

    All deals share the grid, so the snapshots of one moment are the open deals that a list of
    that moment would have shown, in the same proportions.
    """
    step = cadence_days * DAY
    closed = nw.col("closed_recorded_at")
    newest = nw.when(closed <= end).then((end - closed) // step + 1).otherwise(nw.lit(0))
    oldest = nw.when(nw.col("recorded_at") <= end).then((end - nw.col("recorded_at")) // step)
    spans = tables.deals.select(
        "deal_id", first=-oldest.cast(nw.Int64), last=-newest.cast(nw.Int64)
    )
    moments = tables.spread(spans, "k", "first", "last")
    return moments.select("deal_id", as_of=end + nw.col("k") * step)


def first_snapshots(tables: Tables, closed: bool) -> Frame:
    """Return deal_id and as_of, when it became known, of every closed or of every open deal.

    Of a pipeline that is not dated this is all that can be asked: what was known at first.
    """
    is_open = nw.col("outcome") == "open"
    deals = tables.deals.filter(~is_open if closed else is_open)
    return deals.select("deal_id", as_of=nw.col("recorded_at"))


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows sorted by deal_id and as_of; to see that they are takes a tenth of sorting."""
    deal, as_of = rows["deal_id"], rows["as_of"]
    later = (deal[1:] > deal[:-1]) | ((deal[1:] == deal[:-1]) & (as_of[1:] >= as_of[:-1]))
    return rows if later.all() else rows.sort("deal_id", "as_of")


def open_among(deals: pl.DataFrame, asked: pl.DataFrame, dated: bool = True) -> pl.DataFrame:
    """Return the snapshots, of deals each at a moment of its own, where the deal is open then.

    Args:
        deals: the contract's `deals`, held in memory.
        asked: deal_id and as_of; other columns stay.
        dated: whether they are asked of at that moment, or as what was known at first.
    """
    lives = deals.select("deal_id", "recorded_at", "closed_recorded_at")
    known = asked.join(lives, on="deal_id")
    as_of, begun, ended = known["as_of"], known["recorded_at"], known["closed_recorded_at"]
    is_open = (begun <= as_of).set(ended <= as_of, value=False)  # null where nothing ended it
    snapshots = known[asked.columns].filter(is_open)
    return snapshots if dated else snapshots.with_columns(as_of=begun.filter(is_open))
