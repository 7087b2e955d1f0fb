"""DuckDB: in this process, on disk what does not fit in memory."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import duckdb
import polars as pl

from data.engines import Frame, Limits, Work, lazy
from data.errors import NotReady
from data.mapped import mapped


class DuckDBHost:
    """See `data.engines.Host`. Each has a connection of its own.

    Args:
        limits: its memory, and where it goes on when that is full.
    """

    abreast = 1  # it is one query that has all threads
    remote = False

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connection = duckdb.connect()
        self._connection.execute("SET preserve_insertion_order = false")  # or it keeps rows back
        self._connection.execute("SET temp_directory = ?", [str(limits.spill())])
        if limits.memory is not None:
            self._connection.execute("SET memory_limit = ?", [limits.memory])
        self._numbers = count()
        self._kept: list[str] = []

    def put(self, frame: pl.DataFrame) -> Frame:
        """Bring in a frame held in memory."""
        return lazy(self._connection.from_arrow(frame.to_arrow()))

    def scan(self, file: Path) -> Frame:
        """Read a Parquet file, or a folder of them, as far as it is asked for."""
        files = file / "*.parquet" if file.is_dir() else file
        return lazy(self._connection.read_parquet(str(files)))

    def keep(self, frame: Frame) -> Frame:
        """Run a frame once into a table, which goes to disk when memory is full."""
        name = f"kept_{next(self._numbers)}"
        with enough_memory():
            frame.to_native().create(name)
        self._kept.append(name)
        return lazy(self._connection.table(name))

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """Let go at the end what was kept within."""
        before = len(self._kept)
        try:
            yield
        finally:
            for name in self._kept[before:]:
                self._connection.execute(f"DROP TABLE {name}")
            del self._kept[before:]

    def gather(self, parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
        """Make one frame of parts, mapped from files."""
        return mapped(parts, self._limits.spill())

    def apply(self, work: Work, rows: pl.DataFrame) -> pl.DataFrame:
        """Run work on rows: here."""
        return work(rows)

    def spread(self, frame: Frame, name: str, first: str, last: str) -> Frame:
        """Give a row to every integer from a column to another, under a name."""
        integers = f'unnest(generate_series("{first}", "{last}")) AS "{name}"'
        return lazy(frame.to_native().project(f"*, {integers}"))


@contextmanager
def enough_memory() -> Iterator[None]:
    """Say which setting to change where a query takes more memory than DuckDB may use."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise NotReady(
            "DuckDB has too little memory for this",
            field="DEALCAST_MEMORY_LIMIT",
            value=str(error).partition("\n")[0],
            allowed="some hundred MB for each thread, and a disk with room for the rest",
            remedy="raise DEALCAST_MEMORY_LIMIT, or make room on the workspace's disk",
        ) from error
