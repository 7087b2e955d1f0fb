"""Spark: on a cluster, or in a Java machine beside this process."""

import os
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa

from data.engines import Frame, Limits, Work, lazy
from data.errors import NotReady
from data.mapped import mapped

_PANDAS: Final = "PySpark does not yet fully support pandas"
"""What Spark warns of whenever it starts; pandas is never handed to it."""
_QUIET: Final = {
    "spark.app.name": "dealcast",
    "spark.log.level": "ERROR",
    "spark.sql.caseSensitive": "true",
    "spark.ui.showConsoleProgress": "false",
    "spark.ui.enabled": "false",
}
_ROW: Final = "_row"
_LOCAL_PARTITIONS: Final = 4
"""Parts of a shuffle for each thread: Spark's own 200 are meant for a cluster."""


class SparkHost:
    """See `data.engines.Host`. All of them share the one session of this process.

    Args:
        limits: the heap of a Spark that runs in this process; a session that runs stays as it is.

    Raises:
        NotReady: pyspark or Java is not here, or the cluster does not answer.
    """

    abreast = 1  # it is one query that has all threads
    remote = True

    def __init__(self, limits: Limits) -> None:
        self._limits, self._session = limits, _session(limits)

    def put(self, frame: pl.DataFrame) -> Frame:
        """Bring in a frame held in memory."""
        return lazy(self._session.createDataFrame(frame.to_arrow()))

    def scan(self, file: Path) -> Frame:
        """Read a Parquet file, or a folder of them, as far as it is asked for."""
        return lazy(self._session.read.parquet(str(file)))

    def keep(self, frame: Frame) -> Frame:
        """Run a frame once; its rows stay where they were computed, on disk if need be."""
        return lazy(frame.to_native().localCheckpoint())

    def scratch(self) -> AbstractContextManager[None]:
        """Let go at the end what was kept within: Spark does, when nothing refers to it."""
        return nullcontext()

    def gather(self, parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
        """Make one frame of parts, mapped from files beside this process."""
        return mapped(parts, self._limits.spill())

    def apply(self, work: Work, rows: pl.DataFrame) -> pl.DataFrame:
        """Run work on rows, some on each machine of the cluster, and put them in order again.

        Raises:
            NotReady: it fails there, such as where Dealcast is not installed.
        """
        from pyspark.errors import PySparkException
        from pyspark.sql.pandas.types import from_arrow_schema

        numbered = _Numbered(work)
        sent = rows.with_row_index(_ROW).cast({_ROW: pl.Int64})
        schema = from_arrow_schema(numbered.of(sent.clear()).to_arrow().schema)
        there = self._session.createDataFrame(sent.to_arrow()).mapInArrow(numbered, schema)
        try:
            found = pl.DataFrame(pl.from_arrow(there.toArrow()))
        except PySparkException as error:
            last = str(error).strip().splitlines()[-1]
            remedy = "install Dealcast on all machines, and name its Python in PYSPARK_PYTHON"
            raise _missing(f"a part of the job failed: {last}", remedy) from error
        return found.sort(_ROW).drop(_ROW)

    def spread(self, frame: Frame, name: str, first: str, last: str) -> Frame:
        """Give a row to every integer from a column to another, under a name."""
        from pyspark.sql import functions

        integers = functions.explode(functions.sequence(first, last))
        return lazy(frame.to_native().withColumn(name, integers))


@dataclass(frozen=True)
class _Numbered:
    """Work on numbered rows, batch by batch, as a machine of the cluster runs it."""

    work: Work

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from self.of(pl.DataFrame(pl.from_arrow(batch))).to_arrow().to_batches()

    def of(self, rows: pl.DataFrame) -> pl.DataFrame:
        return self.work(rows.drop(_ROW)).with_columns(rows[_ROW])


def _session(limits: Limits) -> Any:
    """Return the session of this process, started if need be.

    No master is named here: it is the one of spark-submit or of spark-defaults.conf, and without
    them the threads of this machine.
    """
    warnings.filterwarnings("ignore", _PANDAS, FutureWarning)
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise _missing("pyspark is not installed", "pip install 'dealcast[spark]'") from error
    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        remedy = "install Java 17 or later (Debian: default-jre-headless), or set JAVA_HOME"
        raise _missing("Spark needs Java, and there is none", remedy)
    # or Spark takes the first python3 of the path, that may know nothing of Dealcast
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.config(map=dict(_QUIET))
    if limits.memory is not None:
        builder = builder.config("spark.driver.memory", limits.memory.removesuffix("B").lower())
    try:
        session = builder.getOrCreate()
    except PySparkException as error:
        raise _missing("Spark does not start", str(error)) from error
    context = session.sparkContext
    if str(context.master).startswith("local"):
        parts = _LOCAL_PARTITIONS * context.defaultParallelism
        session.conf.set("spark.sql.shuffle.partitions", str(parts))
    return session


def _missing(title: str, remedy: str) -> NotReady:
    return NotReady(
        title, field="DEALCAST_ENGINE", value="spark", allowed="polars, duckdb", remedy=remedy
    )
