"""The canary: shuffle the future of a log, and no feature of the past may move."""

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from data.contract import Pipeline
from data.tables import Frame, Tables, collect
from features.audit.finding import Evidence
from features.compute import compute
from features.context import Context
from features.pace import Pace
from features.snapshots import open_snapshots
from features.track import counted, strengths

_AT: Final = 0.8
"""The canary looks from where this share of closings was known."""
_DEALS: Final = 1000
"""Open deals it looks at."""


def canary_evidence(tables: Tables, pipeline: Pipeline, seed: int) -> dict[str, list[Evidence]]:
    """Return the features of snapshots that move when what came later is shuffled, by name.

    Args:
        tables: facts of dated deals; without a closing there is no moment to look from.
        pipeline: its settings.
        seed: of the shuffle.
    """
    ends = collect(tables.deals.select("closed_recorded_at"))["closed_recorded_at"].drop_nulls()
    if not pipeline.dated or ends.is_empty():
        return {}
    as_of = int(np.quantile(ends.to_numpy(), _AT))
    known = tables.known_by(as_of)
    cadence = Pace.learn(known, pipeline).cadence_days
    context = Context.learn(known, pipeline, cadence, strengths(counted(known)))
    asked = collect(open_snapshots(known, as_of)).sort("deal_id").head(_DEALS)
    snapshots = tables.put(asked)
    before = compute(tables, snapshots, context)
    after = compute(with_shuffled_future(tables, as_of, seed), snapshots, context)
    differs = (before[name].ne_missing(after[name]) for name in before.columns)
    moved = {one.name: int(one.sum()) / len(one) for one in differs if one.any()}
    return {name: [_moved(share)] for name, share in moved.items()}


def with_shuffled_future(tables: Tables, as_of: int, seed: int) -> Tables:
    """Deal the facts recorded after a moment, and the closings, out to other deals at random."""
    rng = np.random.default_rng(seed)

    def shuffled(frame: Frame, moment: str, columns: tuple[str, ...]) -> Frame:
        rows = collect(frame)
        later = rows[moment].is_null() | (rows[moment] > as_of)
        future = rows.filter(later)
        order = rng.permutation(len(future))
        dealt = future.with_columns(future[name].gather(order) for name in columns)
        return tables.put(pl.concat([rows.filter(~later), dealt]))

    closing = ("outcome", "closed_at", "closed_recorded_at")
    return replace(
        tables,
        deals=shuffled(tables.deals, "closed_recorded_at", closing),
        changes=shuffled(tables.changes, "recorded_at", ("deal_id",)),
        activities=shuffled(tables.activities, "recorded_at", ("deal_id",)),
        checklist=shuffled(tables.checklist, "recorded_at", ("deal_id",)),
        contacts=shuffled(tables.contacts, "recorded_at", ("deal_id",)),
    )


def _moved(share: float) -> Evidence:
    zh = f"打乱未来后，{share:.1%} 的快照取值变了"
    en = f"moved in {share:.1%} of snapshots when the future was shuffled"
    return Evidence("canary", "proof", share, zh, en)
