"""Closings that stand: an older export, ingested late, does not open a deal again."""

from typing import Final

import polars as pl
import sqlalchemy as sa

from data.bulk import read
from data.database import contract_tables

_CLOSING: Final = ("outcome", "closed_at", "closed_recorded_at")


def keep_closings(
    deals: pl.DataFrame, observed: pl.DataFrame, pipeline: str, transaction: sa.Connection
) -> pl.DataFrame:
    """Return deals with the closing that the database has, where they were seen before it.

    Args:
        deals: rows of the contract, about to be merged.
        observed: `deal_id` and `observed_at`, when a row's state was seen, where it says so.
        pipeline: whose deals these are.
        transaction: where the deals stand as they were until now.

    """
    if observed.is_empty():
        return deals
    late = (
        read(transaction, _closed(pipeline))
        .join(observed, on="deal_id")
        .filter(pl.col("observed_at") < pl.max_horizontal("closed_recorded_at", "changed_at"))
        .select("deal_id", *_CLOSING)
    )
    known = deals.filter(pl.col("deal_id").is_in(late["deal_id"].implode()))
    standing = known.drop(_CLOSING).join(late, on="deal_id").select(deals.columns)
    return pl.concat([deals.join(late, on="deal_id", how="anti"), standing])


def _closed(pipeline: str) -> sa.Select[tuple[object, ...]]:
    """Return the query for the closed deals, with when the last change of each became known."""
    deals, changes = contract_tables["deals"].c, contract_tables["changes"].c
    same = sa.and_(changes.pipeline == deals.pipeline, changes.deal_id == deals.deal_id)
    last = sa.select(sa.func.max(changes.recorded_at)).where(same).scalar_subquery()
    closing = (deals[name] for name in _CLOSING)
    return sa.select(deals.deal_id, *closing, last.label("changed_at")).where(
        deals.pipeline == pipeline, deals.outcome != "open"
    )
