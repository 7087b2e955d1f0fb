"""Many small queries in a row, without a change of threads for each.

Polars runs joins, filters and groups on threads of its own. On a few rows, waking one and waiting
for it costs ten times the work, and on a busy machine a hundred times. A query that is asked on
such a thread runs where it is.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import polars as pl

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
