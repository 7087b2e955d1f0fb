"""What is usual: medians by stage, where there are enough snapshots to speak of."""

import json

import polars as pl

from features.catalogue import Feature
from models.usual import LEAST_SNAPSHOTS, Usual

FEATURES = [
    Feature("stage", "阶段", "stage", "", "process", kind="category"),
    Feature("age", "年龄", "age", "days", "process"),
    Feature("seldom", "少", "seldom", "count", "process"),
]


def rows(stage: str | None, count: int, age: float, seldom: float | None = None) -> pl.DataFrame:
    columns = {"stage": [stage], "age": [age], "seldom": [seldom]}
    schema = {"stage": pl.String, "age": pl.Float64, "seldom": pl.Float64}
    return pl.concat([pl.DataFrame(columns, schema)] * count)


def test_a_stage_has_its_own_medians_from_enough_snapshots_on() -> None:
    early, late = rows("early", LEAST_SNAPSHOTS, 2.0), rows("late", LEAST_SNAPSHOTS - 1, 9.0)
    usual = Usual.learn(pl.concat([early, late, rows(None, 30, 5.0)]), FEATURES)
    assert usual.of("early")["age"] == 2.0
    assert usual.of("late")["age"] == usual.of(None)["age"] == usual.of("never seen")["age"] == 5.0
    assert list(usual.by_stage) == ["early"]
    assert "stage" not in usual.of("early")  # a word has no median


def test_what_most_deals_lack_is_not_usual() -> None:
    half, less = rows("s", 20, 1.0, seldom=3.0), rows("s", 21, 1.0)
    assert Usual.learn(pl.concat([half, less[:20]]), FEATURES).of("s")["seldom"] == 3.0
    assert Usual.learn(pl.concat([half, less]), FEATURES).of("s")["seldom"] is None


def test_it_is_read_back_as_it_was() -> None:
    usual = Usual.learn(pl.concat([rows("s", 20, 1.0), rows("t", 3, 2.5)]), FEATURES)
    assert Usual.from_dict(json.loads(json.dumps(usual.to_dict()))) == usual
