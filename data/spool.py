"""A source laid out on disk in partitions, each deal's rows in one of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import polars as pl
import pyarrow as pa
from rich.progress import Progress

from data.mapping import Mapping, Part
from data.sheet import FILE, ROW
from data.sources import File, batches, detect_encoding, is_csv, size

PARTITION_BYTES: Final = 1 << 27
"""About how much of a source is in memory at once, as text."""
_GZIP_RATIO: Final = 10


class Spool:
    """The parts of one source in partitions.

    Args:
        folder: an empty folder for the partitions; the caller's to remove.
        mapping: says which parts there are and what keeps their rows together.
        source: a file or a directory.

    """

    def __init__(self, folder: Path, mapping: Mapping, source: Path) -> None:
        self._folder = folder
        self._mapping = mapping
        self._parts = mapping.parts(source)
        self.count = 1 + sum(_text_bytes(part.path) for part in self._parts) // PARTITION_BYTES
        self.columns: dict[str, list[str]] = {}
        """The columns of each part, once it is filled."""
        self.encodings: dict[str, str] = {}
        """The encoding of each CSV file."""

    def fill(self, refuse: Callable[[pl.DataFrame], None], progress: Progress) -> None:
        """Read the source to its end.

        Args:
            refuse: is handed lines that cannot be rows.
            progress: shows how far it is.

        Raises:
            BadInput: a file cannot be read or lacks a column that the mapping names.

        """
        told: set[File] = set()
        for part in self._parts:
            encoding = self._encoding(part.path)

            def shown(handle: BinaryIO, path: File = part.path) -> BinaryIO:
                return progress.wrap_file(handle, size(path), description=f"Reading {path.name}")

            # A file that several tables are made of is read for each, but its faults told once.
            def tell(
                lines: pl.DataFrame, part: Part = part, known: bool = part.path in told
            ) -> None:
                if not known:
                    refuse(lines.with_columns(table=pl.lit(part.table)))

            told.add(part.path)
            self._write(part, batches(part.path, part.sheet, encoding, tell, shown))

    def partitions(self) -> Iterator[dict[str, pl.DataFrame]]:
        """Return the rows of each part, partition by partition; parts without rows are absent."""
        for place in range(self.count):
            files = [(part, self._file(part, place)) for part in self._parts]
            yield {part.name: _read(file, part) for part, file in files if file.exists()}

    def _encoding(self, path: File) -> str | None:
        if not is_csv(path):
            return None
        if path.name not in self.encodings:
            self.encodings[path.name] = self._mapping.encoding or detect_encoding(path)
        return self.encodings[path.name]

    def _write(self, part: Part, rows: Iterator[pl.DataFrame]) -> None:
        writers: dict[int, Any] = {}
        try:
            for batch in rows:
                if part.name not in self.columns:
                    self.columns[part.name] = [name for name in batch.columns if name != ROW]
                    part.check(self.columns[part.name])
                for place, frame in self._spread(part, batch):
                    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
                    if place not in writers:
                        writers[place] = pa.ipc.new_stream(self._file(part, place), table.schema)
                    writers[place].write_table(table)
        finally:
            for writer in writers.values():
                writer.close()

    def _spread(self, part: Part, batch: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
        if part.key is None or self.count == 1:
            yield 0, batch
            return
        places = part.key.read(batch, "text", self._mapping).hash() % self.count
        for place in places.unique():
            yield place, batch.filter(places == place)

    def _file(self, part: Part, place: int) -> Path:
        return self._folder / f"{self._parts.index(part)}-{place}.arrows"


def _text_bytes(path: File) -> int:
    return size(path) * (_GZIP_RATIO if path.suffix == ".gz" else 1)


def _read(file: Path, part: Part) -> pl.DataFrame:
    with pa.ipc.open_stream(file) as stream:
        return pl.DataFrame(stream.read_all()).with_columns(pl.lit(part.path.name).alias(FILE))
