"""Engines: where lazy frames live and run. Whatever only one of them can say is said here.

Everything above speaks Narwhals. A `Host` is what Narwhals has no word for: bringing rows in,
scanning a file, keeping what is asked for more than once, and spreading a span of integers.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

import narwhals as nw
import polars as pl

from data.engines.spill import fresh

Frame: TypeAlias = nw.LazyFrame[Any]
Work: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]
Engine = Literal["polars", "duckdb", "spark"]


@dataclass(frozen=True)
class Limits:
    """What an engine may use.

    Attributes:
        memory: such as "4GB": of DuckDB, or the heap of a Spark in this process. None leaves
            each engine its own default.
        folder: where tables lie that do not stay in memory; on a cluster one that all its
            machines see. None takes the system's folder for temporary files.
    """

    memory: str | None = None
    folder: Path | None = None

    def spill(self) -> Path:
        """Make an empty folder that lasts as long as this process; see `data.engines.spill`."""
        return fresh(self.folder)


class Host(Protocol):
    """An engine at work.

    Attributes:
        abreast: how many queries it may be asked at the same time.
        remote: whether the rows lie on other machines, which had better work on them there.
    """

    abreast: int
    remote: bool

    def put(self, frame: pl.DataFrame) -> Frame:
        """Bring in a frame held in memory."""

    def scan(self, file: Path) -> Frame:
        """Read a Parquet file, or a folder of them, as far as it is asked for."""

    def keep(self, frame: Frame) -> Frame:
        """Run a frame once and hold its rows where the engine holds rows."""

    def scratch(self) -> AbstractContextManager[None]:
        """Let go at the end what was kept within."""

    def gather(self, parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
        """Make one frame of parts: in memory, or mapped from files where it may not fit."""

    def apply(self, work: Work, rows: pl.DataFrame) -> pl.DataFrame:
        """Run work on rows, in their order: here, or some of them on each machine of a cluster.

        The work can be pickled, and what it gives of some rows does not depend on the others.
        """

    def spread(self, frame: Frame, name: str, first: str, last: str) -> Frame:
        """Give a row to every integer from a column to another, under a name.

        No column is null, and none of the rows has its last before its first.
        """


UNLIMITED: Final = Limits()


def lazy(native: Any) -> Frame:
    """Wrap an engine's own lazy frame."""
    frame: Frame = nw.from_native(native)
    return frame


def host(engine: Engine, limits: Limits = UNLIMITED) -> Host:
    """Start an engine.

    Raises:
        NotReady: it needs what is not installed here.
    """
    # imported here, because the request path never needs more than Polars
    match engine:
        case "polars":
            from data.engines.in_memory import PolarsHost

            return PolarsHost()
        case "duckdb":
            from data.engines.on_disk import DuckDBHost

            return DuckDBHost(limits)
        case "spark":
            from data.engines.on_spark import SparkHost

            return SparkHost(limits)


def collect(frame: Frame) -> pl.DataFrame:
    """Run a lazy frame on its engine and return its rows as a Polars frame.

    Raises:
        NotReady: DuckDB has less memory than that takes.
    """
    if not frame.implementation.is_duckdb():
        return _collected(frame)
    from data.engines.on_disk import enough_memory

    with enough_memory():
        return _collected(frame)


def _collected(frame: Frame) -> pl.DataFrame:
    collected: pl.DataFrame = frame.collect(backend="polars").to_native()
    return collected
