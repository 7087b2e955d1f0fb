"""Polars: in this process, in memory."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import polars as pl

from data.engines import Frame, Work, collect, lazy


class PolarsHost:
    """See `data.engines.Host`. It holds nothing; what is kept lives as long as it is used."""

    # one more than there are threads: one of them waits now and then, for Python or the disk
    abreast = pl.thread_pool_size() + (pl.thread_pool_size() > 1)
    remote = False

    def put(self, frame: pl.DataFrame) -> Frame:
        """Bring in a frame held in memory."""
        return lazy(frame.lazy())

    def scan(self, file: Path) -> Frame:
        """Read a Parquet file, or a folder of them, as far as it is asked for."""
        return lazy(pl.scan_parquet(file))

    def keep(self, frame: Frame) -> Frame:
        """Run a frame once and hold its rows in memory."""
        return self.put(collect(frame))

    def scratch(self) -> AbstractContextManager[None]:
        """Let go at the end what was kept within: here that needs nothing."""
        return nullcontext()

    def gather(self, parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
        """Make one frame of parts, in memory."""
        return pl.concat(parts)

    def apply(self, work: Work, rows: pl.DataFrame) -> pl.DataFrame:
        """Run work on rows: here."""
        return work(rows)

    def spread(self, frame: Frame, name: str, first: str, last: str) -> Frame:
        """Give a row to every integer from a column to another, under a name."""
        spans: pl.LazyFrame = frame.to_native()
        integers = pl.int_ranges(first, pl.col(last) + 1).alias(name)
        return lazy(spans.with_columns(integers).explode(name))
