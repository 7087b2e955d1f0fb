"""Segments: what was known at the origin, and kinds of deals that are large enough."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.moments import DAY
from data.records import normalise
from data.tables import collect, lazy_tables
from features.snapshots import open_snapshots
from models.curve import OPEN, WON
from tests import company
from tests.histories import PIPELINE, START, Frames, histories
from training.forecasts import MODEL, STAGE, Forecasts
from training.metrics import Draws
from training.segments import FEWEST, OTHERS, SEGMENTS, UNKNOWN, divide, known_then, segments

FACTS = {name: pl.lit(None) for name in ("stage", "amount", "source", "product")}
"""What the features say of a deal, which is not what is asked here."""

values = st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=300)
words = st.lists(st.none() | st.sampled_from("abcd"), min_size=1, max_size=300)


@given(values | words)
def test_every_deal_is_in_one_segment_and_every_segment_but_the_rest_is_large(
    column: list[float] | list[str],
) -> None:
    words = any(isinstance(value, str) for value in column)
    kinds = divide(pl.Series("of", column, dtype=pl.String if words else pl.Float64))
    assert (np.sum([rows for _, rows in kinds], axis=0) == 1).all()
    assert all(rows.sum() >= FEWEST for name, rows in kinds if name != OTHERS)
    assert len({name for name, _ in kinds}) == len(kinds)


def test_numbers_are_divided_in_quartiles() -> None:
    kinds = divide(pl.Series("amount", [*range(1, 201), *[None] * 40, 10_000]))
    assert [name for name, _ in kinds] == ["≤ 51", "51 – 101", "101 – 151", "> 151", UNKNOWN]
    assert [int(rows.sum()) for _, rows in kinds] == [51, 50, 50, 50, 40]


def test_words_come_by_number_and_the_rare_together() -> None:
    kinds = divide(pl.Series("source", ["a"] * 40 + ["b"] * 60 + ["c"] * 20 + [None] * 9))
    assert [(name, int(rows.sum())) for name, rows in kinds] == [("b", 60), ("a", 40), (OTHERS, 29)]


def test_a_division_that_does_not_divide_is_left_out() -> None:
    """Of a hundred deals only the stage tells them apart: 60 were won, of which more was said."""
    stage = ["late"] * 60 + ["early"] * 40
    said = np.repeat([[0.1, 0.9, 0.0], [0.9, 0.1, 0.0]], [60, 40], axis=0)
    columns = {name: [None] * 100 for name in SEGMENTS} | {"stage": stage}
    outcome = np.repeat([WON, OPEN], [60, 40])
    told = Forecasts(28, {MODEL: said, STAGE: said}, outcome, np.arange(100), pl.DataFrame(columns))
    found = segments(told, Draws(np.arange(100)))
    assert [(one.by, one.name) for one in found] == [("stage", "late"), ("stage", "early")]
    assert [one.judged.won_actual for one in found] == [60, 0]
    assert found[0].judged.won_ratio.mean == pytest.approx(0.9)
    assert found[0].judged.log_loss == pytest.approx(-np.log(0.9))


def test_tenure_counts_from_hiring_or_else_from_the_first_deal() -> None:
    raw = company.history(deals=30)
    raw["owners"] = raw["owners"].with_columns(
        hired_at=pl.when(pl.col("owner_id") == "o1").then(pl.lit(company.END - 400 * DAY))
    )
    frames = normalise(raw, company.PIPELINE).frames
    known = lazy_tables(frames, company.PIPELINE).known_by(company.END)
    asked = pl.DataFrame({"deal_id": ["d029", "d028"], "as_of": [company.END] * 2})
    found = known_then(known, asked.with_columns(**FACTS), company.END)
    assert found["owner_id"].to_list() == ["o1", "o0"]
    assert found["team"].to_list() == ["T", "T"]
    changes = frames["changes"].filter(pl.col("field") == "owner_id", pl.col("value") == "o0")
    assert found["tenure"].to_list() == pytest.approx(
        [400, (company.END - changes["at"].min()) / DAY]  # type: ignore[operator]
    )


@settings(max_examples=30)
@given(histories(), st.integers(1, 25))
def test_what_was_known_then_is_the_same_from_data_cut_then(frames: Frames, day: int) -> None:
    as_of = START + day * DAY
    cut = {
        name: frame.filter(pl.col("recorded_at") <= as_of) if "recorded_at" in frame else frame
        for name, frame in frames.items()
    }
    found = []
    for facts in (frames, cut):
        known = lazy_tables(facts, PIPELINE).known_by(as_of)
        rows = collect(open_snapshots(known, as_of)).with_columns(**FACTS)
        found.append(known_then(known, rows, as_of))
        assert found[-1]["deal_id"].to_list() == rows["deal_id"].to_list()
    assert found[0].equals(found[1])
