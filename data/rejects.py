"""The file of what was refused: every row with its reason, written whole or not at all."""

import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl


class RejectsFile:
    """Gathers rejects beside their place, and moves them there in one step."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unfinished = path.with_suffix(".part")
        self.tables: Counter[str] = Counter()
        """How many rows of each table were refused."""

    def __enter__(self) -> Self:
        """Open the file beside its place."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Spreadsheet programs take a CSV for UTF-8 only when a byte-order mark says so.
        self._handle = self._unfinished.open("wb")
        self._handle.write("\ufeff".encode())
        return self

    @property
    def rows(self) -> int:
        """How many rows were refused."""
        return self.tables.total()

    def add(self, rejects: pl.DataFrame) -> None:
        """Add rows in the shape of `sheet.REJECTS`."""
        self._handle.write(rejects.write_csv(include_header=self.rows == 0).encode())
        self.tables.update(rejects["table"].to_list())

    def keep(self) -> Path | None:
        """Put the file in its place, or take away an older one if nothing was refused."""
        self._handle.close()
        if not self.rows:
            self._path.unlink(missing_ok=True)
            return None
        os.replace(self._unfinished, self._path)
        return self._path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing unfinished behind."""
        self._handle.close()
        self._unfinished.unlink(missing_ok=True)
