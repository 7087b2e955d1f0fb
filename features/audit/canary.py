"""The canary: shuffle the future of a log, and no feature of the past may move."""

from dataclasses import replace
from typing import Any, Final

import narwhals as nw
import numpy as np
import polars as pl

from data.contract import Pipeline
from data.tables import Frame, Tables, collect
from features.audit.finding import Evidence
from features.audit.records import FACTS, of_deals
from features.catalogue import Family
from features.compute import compute
from features.learned import learned
from features.pace import Pace
from features.snapshots import open_snapshots

_AT: Final = 0.8
"""The canary looks from where this share of closings was known."""
_DEALS: Final = 300
"""Open deals that it looks at, and as many closed ones beside them."""


def canary_evidence(
    tables: Tables, pipeline: Pipeline, seed: int, custom: tuple[Family, ...] = ()
) -> dict[str, list[Evidence]]:
    """Return the features of snapshots that move when what came later is shuffled, by name.

    Args:
        tables: facts of dated deals; without a closing there is no moment to look from.
        pipeline: its settings.
        seed: of the shuffle.
        custom: the user's own features.
    """
    ends = collect(tables.deals.select("closed_recorded_at"))["closed_recorded_at"].drop_nulls()
    if not pipeline.dated or ends.is_empty():
        return {}
    as_of = int(np.quantile(ends.to_numpy(), _AT))
    tables = _some(tables, as_of)
    known = tables.known_by(as_of)
    cadence = Pace.learn(known, pipeline).cadence_days
    context, _ = learned(known, pipeline, cadence, as_of, custom)
    snapshots = open_snapshots(known, as_of)
    before = compute(tables, snapshots, context)
    after = compute(with_shuffled_future(tables, as_of, seed), snapshots, context)
    differs = (before[name].ne_missing(after[name]) for name in before.columns)
    moved = {one.name: int(one.sum()) / len(one) for one in differs if one.any()}
    return {name: [_moved(share)] for name, share in moved.items()}


def _some(tables: Tables, as_of: int) -> Tables:
    """Return the world of a few deals: those open at a moment, and closed ones for records."""
    is_open = tables.known_by(as_of).deals.with_columns(is_open=nw.col("outcome") == "open")
    ids = collect(is_open.select("deal_id", "is_open")).sort("deal_id")
    return of_deals(tables, ids.filter(pl.int_range(pl.len()).over("is_open") < _DEALS))


def with_shuffled_future(tables: Tables, as_of: int, seed: int) -> Tables:
    """Deal the facts recorded after a moment, and the closings, out to other deals at random."""
    rng = np.random.default_rng(seed)

    def shuffled(frame: Frame, moment: str, columns: tuple[str, ...]) -> Frame:
        rows = collect(frame).sort(pl.all())  # engines give them in any order
        later = rows[moment].is_null() | (rows[moment] > as_of)
        future = rows.filter(later)
        order = rng.permutation(len(future))
        dealt = future.with_columns(future[name].gather(order) for name in columns)
        return tables.put(pl.concat([rows.filter(~later), dealt]))

    closing = ("outcome", "closed_at", "closed_recorded_at")
    facts: dict[str, Any] = {
        n: shuffled(getattr(tables, n), "recorded_at", ("deal_id",)) for n in FACTS
    }
    return replace(tables, deals=shuffled(tables.deals, "closed_recorded_at", closing), **facts)


def _moved(share: float) -> Evidence:
    zh = f"打乱未来后，{share:.1%} 的快照取值变了"
    en = f"moved in {share:.1%} of snapshots when the future was shuffled"
    return Evidence("canary", "proof", share, zh, en)
