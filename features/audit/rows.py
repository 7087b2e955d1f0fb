"""What whole tables say: deals that are there twice, and days on which very much was recorded."""

from typing import Final

import narwhals as nw
import polars as pl

from data.moments import DAY, iso_date
from data.tables import Frame, Tables, collect
from features.audit.alone import TAUGHT
from features.audit.finding import Evidence
from features.audit.records import Records

_COARSE: Final = 0.1
"""The share of deals from which being the same is no wonder: too little is told of each."""
_BULK: Final = 10
"""Times a usual day's facts from which a day counts as one of bulk updates."""
_SHARE: Final = 0.02
"""The share of all facts that such a day must hold."""


def duplicate_evidence(records: Records, dated: bool) -> list[Evidence]:
    """Return how many deals say the same as one before, and how many pairs a split would part.

    Dated deals count as the same where customer, product, source and the moment of creation are,
    records without dates where every column is.
    """
    deals = records.values
    same = [c.name for c in records.columns] + ["outcome"]
    if dated:
        same = ["created_at", "account_id", "source", "product"]
        deals = deals.filter(pl.col("account_id").is_not_null())
    if deals.is_empty() or len(same) < 3:
        return []
    later = pl.int_range(pl.len()) >= TAUGHT * pl.len()
    groups = (
        deals.with_columns(later=later)
        .group_by(same)
        .agg(pl.len(), parted=pl.col("later").any() & ~pl.col("later").all())
        .filter(pl.col("len") > 1)
    )
    extra, parted = int(groups["len"].sum() - len(groups)), int(groups["parted"].sum())
    if not 0 < extra < _COARSE * len(records.won):
        return []
    alike = ("客户、产品、来源、创建时间", "customer, product, source and creation")
    what_zh, what_en = alike if dated else ("所有字段", "every column")
    zh = f"{extra:,} 条与更早的{what_zh}相同；其中 {parted:,} 组会被时间切分拆开"
    en = (
        f"{extra:,} have the same {what_en} as one before; a split in time would part "
        f"{parted:,} groups"
    )
    return [Evidence("duplicates", "remark", extra / len(records.won), zh, en)]


def bulk_evidence(tables: Tables) -> dict[str, list[Evidence]]:
    """Return the days of bulk updates, by what was recorded: closings, changes, activities."""
    closings = tables.deals.filter(~nw.col("closed_recorded_at").is_null())
    frames = {
        "closings": closings.select(at="closed_recorded_at"),
        "changes": tables.changes.select(at="recorded_at"),
        "activities": tables.activities.select(at="recorded_at"),
    }
    return {name: found for name, frame in frames.items() if (found := _bulk(frame))}


def _bulk(recorded: Frame) -> list[Evidence]:
    days = recorded.with_columns(day=nw.col("at") // DAY).group_by("day").agg(n=nw.len())
    counts = collect(days).sort("n", "day", descending=[True, False])
    if counts.is_empty():
        return []
    usual, total = float(counts["n"].median()), int(counts["n"].sum())  # type: ignore[arg-type]
    bulk = counts.filter((pl.col("n") > _BULK * usual) & (pl.col("n") > _SHARE * total))
    if bulk.is_empty():
        return []
    share = int(bulk["n"].sum()) / total
    named = ", ".join(f"{iso_date(day * DAY)} ({n:,})" for day, n in bulk.head(3).iter_rows())
    zh = f"批量录入日：{named}；平日 {usual:,.0f}，共占 {share:.0%}"
    en = f"days of bulk updates: {named}; usual are {usual:,.0f}; {share:.0%} of all"
    return [Evidence("bulk_days", "remark", share, zh, en)]
