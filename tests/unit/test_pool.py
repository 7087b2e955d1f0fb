"""A function on Polars' thread returns what it returns elsewhere, queries included."""

from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from data.pool import on_polars_thread


def joined(seed: int) -> list[tuple[int, int]]:
    left = pl.DataFrame({"a": [seed, seed + 1, seed + 2]})
    right = pl.DataFrame({"a": [seed, seed + 2], "b": [7, 9]})
    both = left.join(right, on="a").filter(pl.col("b") > 7).sort("a")
    return both.rows()


def test_what_a_function_returns_comes_back_and_what_it_raises_too() -> None:
    assert on_polars_thread(lambda: joined(3)) == joined(3) == [(5, 9)]
    assert on_polars_thread(lambda: None) is None
    with pytest.raises(ValueError, match="of ours"):
        on_polars_thread(lambda: int("of ours"))


def test_threads_that_query_meanwhile_are_served_too() -> None:
    with ThreadPoolExecutor(4) as threads:
        within = threads.map(lambda seed: on_polars_thread(lambda: joined(seed)), range(40))
        beside = threads.map(joined, range(40))
        assert list(within) == list(beside)
