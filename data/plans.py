"""Plans: queries that are built once and run on many frames.

To build a query, every expression is translated and every column looked up. On a million rows
nobody notices; a request's few rows are through before a tenth of it is done. A plan is built on
sources that are filled when it runs, so a request pays for the running alone.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import narwhals as nw
import polars as pl
from polars.io.plugins import register_io_source

Frame: TypeAlias = nw.LazyFrame[Any]

_AS_BUILT: Final = pl.QueryOptFlags.none()
"""To make a query better takes longer than to run it on a few rows, and is done each time."""
_NARROW: Final = pl.QueryOptFlags.none(projection_pushdown=True)


class Plan:
    """A query over frames held in memory. It may be shared by threads.

    Args:
        build: makes the query of lazy frames; it may not look at what is in them. Called once for
            every set of columns, and again when threads run it at the same time.
        narrow: whether the frames have columns enough that nobody asks for to leave them out.
    """

    def __init__(self, build: Callable[..., Frame], narrow: bool = False) -> None:
        self._build = build
        self._flags = _NARROW if narrow else _AS_BUILT
        self._idle: dict[tuple[object, ...], deque[_Query]] = {}

    def __call__(self, *frames: pl.DataFrame) -> pl.DataFrame:
        """Run the query on frames, in the order that `build` takes them."""
        columns = tuple((*frame.columns, *frame.dtypes) for frame in frames)
        idle = self._idle.setdefault(columns, deque())
        try:
            query = idle.pop()
        except IndexError:
            query = _Query(self._build, frames, self._flags)
        try:
            return query.run(frames)
        finally:
            idle.append(query)


class _Query:
    """One built query, run by one thread at a time."""

    def __init__(
        self,
        build: Callable[..., Frame],
        frames: tuple[pl.DataFrame, ...],
        flags: pl.QueryOptFlags,
    ) -> None:
        self._frames, self._flags = frames, flags
        sources = [self._source(place, frame.schema) for place, frame in enumerate(frames)]
        self._query: pl.LazyFrame = build(*map(nw.from_native, sources)).to_native()

    def run(self, frames: tuple[pl.DataFrame, ...]) -> pl.DataFrame:
        self._frames = frames
        try:
            return self._query.collect(engine="in-memory", optimizations=self._flags)
        finally:
            self._frames = ()

    def _source(self, place: int, schema: pl.Schema) -> pl.LazyFrame:
        def read(
            columns: list[str] | None, wanted: pl.Expr | None, most: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            frame = self._frames[place]
            if columns is not None:
                frame = frame[columns]
            if wanted is not None:
                frame = frame.filter(wanted)
            yield frame if most is None else frame.head(most)

        return register_io_source(read, schema=schema)
