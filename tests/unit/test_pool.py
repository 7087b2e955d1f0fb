"""A function on Polars' thread returns what it returns elsewhere, queries included."""

import threading
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from data.pool import in_turn, on_polars_thread


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


def test_in_turn_keeps_the_order_and_takes_up_one_more_than_are_abreast() -> None:
    begun: list[int] = []

    def first_waits_for_second(number: int) -> int:
        begun.append(number)
        if number == 1:
            second.set()
        if number == 2:
            third.set()
        assert second.wait(60)
        return number

    second, third = threading.Event(), threading.Event()
    found = in_turn(first_waits_for_second, range(6), 2)
    assert next(found) == 0
    assert third.wait(60)  # though nobody asked for the second yet
    assert set(begun) == {0, 1, 2}
    assert list(found) == [1, 2, 3, 4, 5]


def test_in_turn_runs_one_alone_where_it_is_called_and_raises_what_fails() -> None:
    here = threading.get_ident()
    assert list(in_turn(lambda _: threading.get_ident(), [0], 2)) == [here]
    assert set(in_turn(lambda _: threading.get_ident(), [0, 1], 1)) == {here}
    with pytest.raises(ZeroDivisionError):
        list(in_turn(lambda number: 1 // number, [1, 0, 1], 2))
