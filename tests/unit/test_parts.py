"""Some deals at a time, or a request at a time, give the rows that all of them give at once."""

from dataclasses import replace

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from polars.testing import assert_frame_equal

from benchmarks.features import made
from data.contract import Attribute
from data.tables import NAMES, collect, lazy_tables
from features.answers import answered
from features.compute import Prepared, compute, compute_parts, no_rows
from features.context import Context
from features.families import FAMILIES
from features.history import History
from features.snapshots import grid_snapshots, open_snapshots
from features.tallies import counted
from tests.histories import CONTEXT, PIPELINE, Frames, histories, moments

few = settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@few
@given(frames=histories(), moment=moments)
def test_deals_one_at_a_time_give_what_all_give_at_once(frames: Frames, moment: int) -> None:
    tables = lazy_tables(frames, PIPELINE)
    snapshots = grid_snapshots(tables, moment, 3)
    parts = list(compute_parts(tables, snapshots, CONTEXT, deals=1))
    assert all(part["deal_id"].n_unique() <= 1 for part in parts)
    assert_frame_equal(pl.concat(parts), compute(tables, snapshots, CONTEXT), check_exact=True)


@few
@given(frames=histories(), moment=moments)
def test_queries_built_once_say_what_queries_built_anew_say(frames: Frames, moment: int) -> None:
    known = lazy_tables(frames, PIPELINE).known_by(moment)
    kept = replace(CONTEXT, tallies=counted(known, CONTEXT, moment))
    prepared = Prepared(kept, lazy_tables({}, PIPELINE))
    held = {name: collect(getattr(known, name)) for name in NAMES}
    snapshots = collect(open_snapshots(known, moment))
    anew = compute(known, known.put(snapshots), kept)
    for _ in range(2):
        assert_frame_equal(prepared.compute(held, snapshots), anew, check_exact=True)


@few
@given(frames=histories(), moment=moments)
def test_windows_answer_what_places_answer(frames: Frames, moment: int) -> None:
    history = History(CONTEXT)
    asked = [one for family in FAMILIES for one in family.ask(history)]
    ours, theirs = (lazy_tables(frames, PIPELINE, engine) for engine in ("polars", "duckdb"))
    snapshots = collect(grid_snapshots(ours, moment, 3))
    places = collect(answered(history, ours, ours.put(snapshots)))
    windows = collect(answered(history, theirs, theirs.put(snapshots))).sort("deal_id", "as_of")
    windows = windows.select(places.columns).cast(dict(places.schema))
    assert len(asked) > len(history.windowed) > 0
    assert_frame_equal(places, windows, check_exact=True)


def test_an_attribute_may_be_called_as_what_is_known_of_owners() -> None:
    frames = made.made(50)
    red = frames["deals"].with_columns(attributes=pl.lit('{"team": "red"}'))
    named = {"team": Attribute(policy="fixed")}
    pipeline = made.PIPELINE.model_copy(update={"attributes": named})
    tables = lazy_tables({**frames, "deals": red}, pipeline).known_by(made.END)
    asked = open_snapshots(tables, made.END)
    rows = compute(tables, asked, Context.learn(tables, pipeline, made.CADENCE_DAYS))
    assert rows["team"].unique().to_list() == ["red"]


def test_of_deals_without_a_fact_nothing_is_known_and_of_no_snapshot_nothing_is_told() -> None:
    frames = made.made(50)
    context = Context.learn(lazy_tables(frames, made.PIPELINE), made.PIPELINE, made.CADENCE_DAYS)
    tables = lazy_tables({"deals": frames["deals"]}, made.PIPELINE)
    asked = collect(open_snapshots(tables, made.END))
    rows = compute(tables, tables.put(asked), context)
    assert rows.select("done", "owner_open").unique().rows() == [(0.0, None)]
    none = compute(tables, tables.put(asked.clear()), context)
    assert none.schema == no_rows(context).schema
    assert none.is_empty()
