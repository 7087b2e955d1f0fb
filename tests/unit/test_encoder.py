"""Code rows: words become small integers, and what is unknown stays so."""

import json

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import Feature
from features.encoder import MOST_WORDS, Encoder

FEATURES = [
    Feature("stage", "阶段", "stage", "", "process", "category"),
    Feature("age", "年龄", "age", "days", "process"),
]
SCHEMA = {"stage": pl.String, "age": pl.Float64}


def rows(stages: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame({"stage": stages, "age": range(len(stages))}, schema=SCHEMA)


def test_words_are_coded_by_how_often_they_come() -> None:
    encoder = Encoder.learn(rows(["b", "a", "b", None, "c"]), FEATURES)
    assert encoder.names == ("age", "stage")
    codes = encoder.encode(rows(["b", "a", "c", "never seen", None]))
    np.testing.assert_array_equal(codes[:, 1], [0, 1, 2, 3, np.nan])
    np.testing.assert_array_equal(codes[:, 0], range(5))


def test_rare_words_share_a_code() -> None:
    often = [f"w{n:03}" for n in range(MOST_WORDS)] * 2
    encoder = Encoder.learn(rows([*often, "rare", "rarer"]), FEATURES)
    codes = encoder.encode(rows(["rare", "rarer", "never seen"]))
    assert codes[:, 1].tolist() == [MOST_WORDS] * 3


@settings(max_examples=30)
@given(st.lists(st.none() | st.sampled_from("abcd"), max_size=12), st.integers(0, 99))
def test_neither_order_nor_writing_it_down_changes_the_codes(
    stages: list[str | None], seed: int
) -> None:
    frame = rows(stages)
    encoder = Encoder.learn(frame, FEATURES)
    shuffled = Encoder.learn(frame.sample(fraction=1, shuffle=True, seed=seed), FEATURES)
    read = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert encoder == shuffled == read
    np.testing.assert_array_equal(read.encode(frame), encoder.encode(frame))


@given(st.lists(st.none() | st.sampled_from("abcd"), min_size=1, max_size=12))
def test_a_few_rows_are_coded_as_among_many(stages: list[str | None]) -> None:
    encoder = Encoder.learn(rows(["a", "b", "b", "c"]), FEATURES)
    times = 1_000 // len(stages)
    np.testing.assert_array_equal(
        np.tile(encoder.encode(rows(stages))[:, 1], times),
        encoder.encode(rows(stages * times))[:, 1],
    )
