"""A plan says what its query says, of whatever frames it is run on."""

from concurrent.futures import ThreadPoolExecutor

import narwhals as nw
import polars as pl

from data.plans import Frame, Plan
from data.tables import collect


def by_key(rows: Frame, others: Frame) -> Frame:
    both = rows.join(others, on="key", how="left").filter(nw.col("n") > 1)
    return both.group_by("key").agg(nw.col("n").sum(), nw.col("m").max())


def frames(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = pl.DataFrame({"key": ["a", "b", "a", "c"], "n": [seed, 2, seed + 1, 7], "x": [0.0] * 4})
    return rows, pl.DataFrame({"key": ["a", "c"], "m": [seed, -seed]})


def direct(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return collect(by_key(nw.from_native(rows.lazy()), nw.from_native(others.lazy()))).sort("key")


def test_a_plan_says_of_all_frames_what_its_query_says() -> None:
    plan = Plan(by_key)
    for seed in range(5):
        assert plan(*frames(seed)).sort("key").equals(direct(*frames(seed)))
    rows, others = frames(3)
    assert plan(rows.clear(), others).is_empty()
    more = rows.with_columns(pl.col("n").cast(pl.Float64))  # other columns need another query
    assert plan(more, others).sort("key").equals(direct(more, others))


def test_a_plan_is_built_once_and_shared_by_threads() -> None:
    built = []

    def build(rows: Frame, others: Frame) -> Frame:
        built.append(1)
        return by_key(rows, others)

    plan = Plan(build)
    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(lambda seed: plan(*frames(seed)).sort("key"), range(200)))
    assert all(one.equals(direct(*frames(seed))) for seed, one in enumerate(said))
    assert len(built) <= 4
