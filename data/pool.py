"""Threads: many small queries in a row without a change of them, and large ones side by side.

Polars runs joins, filters and groups on threads of its own. On a few rows, waking one and waiting
for it costs ten times the work, and on a busy machine a hundred times. A query that is asked on
such a thread runs where it is.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

import polars as pl

Given = TypeVar("Given")
Result = TypeVar("Result")

_ANYTHING: Final = pl.DataFrame({"x": [0]})


def on_polars_thread(function: Callable[[], Result]) -> Result:
    """Run a function on one of Polars' threads and return what it returns, or raise what it does.

    Args:
        function: it may wait for no lock that another thread holds while it queries Polars: with
            one thread for all, both would wait for ever.
    """
    told: list[Result] = []
    failed: list[Exception] = []

    def run(frame: pl.DataFrame) -> pl.DataFrame:
        try:
            told.append(function())
        except Exception as error:
            failed.append(error)
        return frame

    _ANYTHING.lazy().map_batches(run).collect()
    for error in failed:
        raise error
    return told[0]


def in_turn(
    function: Callable[[Given], Result], given: Sequence[Given], abreast: int
) -> Iterator[Result]:
    """Run a function on each of the things given, some at a time, and yield in their order.

    Polars has threads of its own, but between two queries, and in NumPy, one thread works alone.
    One thing more than are run at a time is taken up, so that threads go on while the caller is
    busy with what was yielded.

    Args:
        function: what to run.
        given: what to run it on.
        abreast: how many at a time. One alone runs in the caller's thread, which may be one of
            Polars' own, see `on_polars_thread`.
    """
    if min(abreast, len(given)) <= 1:
        yield from map(function, given)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(abreast) as threads:
        try:
            for one in given:
                waiting.append(threads.submit(function, one))
                if len(waiting) > abreast:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # what failed, or was let go, leaves nothing to be begun
            threads.shutdown(wait=False, cancel_futures=True)
