"""The user's own features, judged halfway through the lives of closed deals.

The laws and the canary see that what becomes known later does not move a feature. They do not see
what its function reads besides: a list that somebody exported when all was over.
"""

from dataclasses import replace
from typing import Final

import narwhals as nw
import polars as pl

from data.contract import Pipeline
from data.tables import Tables, collect
from features.audit import alone
from features.audit.finding import Evidence, Weight
from features.audit.records import of_deals
from features.audit.values import TOO_GOOD
from features.catalogue import Family
from features.compute import catalogue, compute
from features.learned import learned
from features.pace import Pace

_DEALS: Final = 4_000
"""Closed deals that it looks at, the latest ones."""


def own_evidence(
    tables: Tables, pipeline: Pipeline, custom: tuple[Family, ...]
) -> dict[str, list[Evidence]]:
    """Return how well each custom feature alone tells the outcome, by name.

    Args:
        tables: what is known.
        pipeline: its settings.
        custom: the user's own features.
    """
    if not custom:
        return {}
    closed = _closed(tables)
    if closed.is_empty():
        return {}
    few = of_deals(tables, closed)
    cadence = Pace.learn(few, pipeline).cadence_days
    context, _ = learned(few, pipeline, cadence, tables.last_recorded(), custom)
    ours = {feature.name for feature in catalogue(replace(context, custom=()))}
    names = [one.name for one in catalogue(context) if one.name not in ours]
    asked = tables.put(closed.select("deal_id", "as_of"))
    rows = closed.join(compute(few, asked, context), on="deal_id", maintain_order="left")
    won = rows["won"].to_numpy()
    judged = {name: alone.forward(rows[name], won) for name in names}
    return {name: [_told(auc)] for name, auc in judged.items() if auc is not None}


def _closed(tables: Tables) -> pl.DataFrame:
    """Return deal_id, as_of (halfway) and won of closed deals, in the order they began."""
    deals = tables.deals.filter(~nw.col("closed_recorded_at").is_null())
    rows = collect(
        deals.select("deal_id", "created_at", "recorded_at", "closed_recorded_at", "outcome")
    )
    lived = (pl.col("closed_recorded_at") - pl.col("recorded_at")).clip(0)
    return (
        rows.sort("created_at", "deal_id")
        .tail(_DEALS)
        .select(
            "deal_id",
            as_of=pl.col("recorded_at") + lived // 2,
            won=pl.col("outcome") == "won",
        )
    )


def _told(auc: alone.Auc) -> Evidence:
    told = f"AUC {auc.value:.2f}"
    zh = f"商机进行到一半时，单凭它判断结局（{told}）"
    en = f"halfway to the closing it alone tells the outcome ({told})"
    weight: Weight = "proof" if auc.low >= TOO_GOOD else "remark"
    return Evidence("halfway", weight, auc.value, zh, en)
