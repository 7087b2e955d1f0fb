"""Frames mapped from files: rows that are read when they are touched, and need not stay."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

_ROWS: Final = 1 << 18
"""Rows of a Parquet file that are written at a time."""


def mapped(parts: Iterable[pl.DataFrame], folder: Path) -> pl.DataFrame:
    """Write frames of one schema into an empty folder and return them as one, mapped.

    The frame behaves like any other. The system holds as much of it in memory as there is room
    for; what is computed from it is held as usual, so take rows or columns of it, not all.
    """
    files = []
    for number, part in enumerate(parts):
        files.append(folder / f"{number:06}.arrow")
        part.write_ipc(files[-1], compression="uncompressed")  # or it could not be mapped
    return pl.concat([_mapped(file) for file in files], rechunk=False)


def mapped_parquet(source: Path, folder: Path) -> pl.DataFrame:
    """Map a Parquet file, or a folder of them, by way of an empty folder; see `mapped`."""
    return mapped(pl.scan_parquet(source).collect_batches(chunk_size=_ROWS), folder)


def _mapped(file: Path) -> pl.DataFrame:
    with pa.memory_map(str(file)) as source:
        return pl.DataFrame(pl.from_arrow(pa.ipc.open_file(source).read_all(), rechunk=False))
