"""What is usual: medians by stage and what became of words, where there is enough to speak of."""

import json

import numpy as np
import polars as pl

from features.catalogue import Feature
from models.curve import LOST, OPEN, WON
from models.sample import Sample
from models.usual import LEAST_DEALS, LEAST_SNAPSHOTS, Usual

FEATURES = [
    Feature("stage", "阶段", "stage", "", "process", kind="category"),
    Feature("age", "年龄", "age", "days", "process"),
    Feature("seldom", "少", "seldom", "count", "process"),
]


def rows(stage: str | None, count: int, age: float, seldom: float | None = None) -> pl.DataFrame:
    columns = {"stage": [stage], "age": [age], "seldom": [seldom]}
    schema = {"stage": pl.String, "age": pl.Float64, "seldom": pl.Float64}
    return pl.concat([pl.DataFrame(columns, schema)] * count)


def learn(snapshots: pl.DataFrame, causes: list[int] | None = None) -> Usual:
    """Learn from snapshots, each of a deal of its own unless they say so, open unless causes do."""
    if "deal_id" not in snapshots.columns:
        snapshots = snapshots.with_row_index("deal_id").cast({"deal_id": pl.String})
    cause = np.array(causes or [OPEN] * len(snapshots))
    days = np.where(cause == OPEN, np.inf, 5.0)
    sample = Sample(snapshots, days, cause, np.full(len(cause), 9.0), cause)
    return Usual.learn(sample, FEATURES)


def test_a_stage_has_its_own_medians_from_enough_snapshots_on() -> None:
    early, late = rows("early", LEAST_SNAPSHOTS, 2.0), rows("late", LEAST_SNAPSHOTS - 1, 9.0)
    usual = learn(pl.concat([early, late, rows(None, 30, 5.0)]))
    assert usual.of("early")["age"] == 2.0
    assert usual.of("late")["age"] == usual.of(None)["age"] == usual.of("never seen")["age"] == 5.0
    assert list(usual.by_stage) == ["early"]
    assert "stage" not in usual.of("early")  # a word has no median


def test_what_most_deals_lack_is_not_usual() -> None:
    half, less = rows("s", 20, 1.0, seldom=3.0), rows("s", 21, 1.0)
    assert learn(pl.concat([half, less[:20]])).of("s")["seldom"] == 3.0
    assert learn(pl.concat([half, less])).of("s")["seldom"] is None


def test_it_is_read_back_as_it_was() -> None:
    usual = learn(pl.concat([rows("s", 20, 1.0), rows("t", 3, 2.5)]))
    assert Usual.from_dict(json.loads(json.dumps(usual.to_dict()))) == usual


def test_what_became_of_a_word_is_told_of_deals_and_not_of_snapshots() -> None:
    """Forty deals, of which the won ones have three snapshots each and the lost ones one."""
    won, lost = rows("offer", 30, 1.0), rows("offer", 10, 1.0)
    ids = [f"w{n // 3}" for n in range(30)] + [f"l{n}" for n in range(10)]
    snapshots = pl.concat([won, lost]).with_columns(deal_id=pl.Series(ids))
    usual = learn(snapshots, [WON] * 30 + [LOST] * 10)
    assert usual.won == 0.5
    assert usual.won_of == {"stage": {"offer": 0.5}}


def test_nothing_is_told_of_rare_words_and_of_deals_still_open() -> None:
    rare, open_deals = rows("rare", LEAST_DEALS - 1, 1.0), rows("new", 50, 1.0)
    often = rows("often", LEAST_DEALS, 1.0)
    causes = [WON] * (LEAST_DEALS - 1) + [OPEN] * 50 + [LOST] * LEAST_DEALS
    usual = learn(pl.concat([rare, open_deals, often]), causes)
    assert usual.won_of == {"stage": {"often": 0.0}}
    assert learn(open_deals).won is None
