"""Some deals at a time give the rows that all of them give at once."""

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from polars.testing import assert_frame_equal

from data.tables import lazy_tables
from features.compute import compute, compute_parts
from features.snapshots import grid_snapshots
from tests.histories import CONTEXT, PIPELINE, Frames, histories, moments


@settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(frames=histories(), moment=moments)
def test_deals_one_at_a_time_give_what_all_give_at_once(frames: Frames, moment: int) -> None:
    tables = lazy_tables(frames, PIPELINE)
    snapshots = grid_snapshots(tables, moment, 3)
    parts = list(compute_parts(tables, snapshots, CONTEXT, deals=1))
    assert all(part["deal_id"].n_unique() <= 1 for part in parts)
    assert_frame_equal(pl.concat(parts), compute(tables, snapshots, CONTEXT), check_exact=True)
