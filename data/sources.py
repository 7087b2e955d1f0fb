"""Files as they come: CSV (plain, .gz or in a .zip), XLSX and Parquet, in batches of text columns.

A CSV's encoding and delimiter are found by looking; nothing is read whole into memory except
an XLSX, which cannot be read otherwise and holds a million rows at most.
"""

import codecs
import csv
import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias, cast

import polars as pl

from data.errors import BadInput, NotFound
from data.sheet import REJECTS, ROW

Wrap: TypeAlias = Callable[[BinaryIO], BinaryIO]
"""What may stand between a file and its reader, such as something that shows progress."""

File: TypeAlias = Path | zipfile.Path
"""A file on disk or in an archive."""

BLOCK: Final = 1 << 23
_ENCODINGS: Final = ("utf-8", "gb18030")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS: Final = ",;\t|"
SUFFIXES: Final = (".csv", ".csv.gz", ".tsv", ".txt", ".xlsx", ".parquet")


def batches(
    path: File,
    sheet: str | None = None,
    encoding: str | None = None,
    refuse: Callable[[pl.DataFrame], None] = lambda _: None,
    wrap: Wrap = lambda handle: handle,
) -> Iterator[pl.DataFrame]:
    """Read a file in batches, text as text, with each row's number in the column `_row`.

    Rows are numbered as a spreadsheet does, the header being row 1.

    Args:
        path: the file.
        sheet: the sheet of a workbook; its first when left out.
        encoding: a CSV's encoding; found by looking when left out.
        refuse: is handed lines that have too many or too few values, in the rejects' shape.
        wrap: put around the file's handle.

    Raises:
        NotFound: no such file or sheet.
        BadInput: not a file that can be read, and why.

    """
    if not path.is_file():
        raise NotFound("no such file", field="source", value=str(path), remedy="check the path")
    if isinstance(path, Path) and path.suffix == ".parquet":
        return _parquet_batches(path)
    if isinstance(path, Path) and path.suffix == ".xlsx":
        return _workbook_batches(path, sheet)
    return _csv_batches(path, encoding or detect_encoding(path), refuse, wrap)


def unzipped(path: Path) -> list[File]:
    """Return the CSV files in an archive, or the file itself if it is none.

    Raises:
        BadInput: it is no archive, though its name says so.

    """
    if path.suffix != ".zip":
        return [path]
    with _reading(path, zipfile.BadZipFile):
        archive = zipfile.ZipFile(path)
    inside = [zipfile.Path(archive, name) for name in sorted(archive.namelist())]
    # a Mac adds a shadow, ._name, of every file
    return [file for file in inside if is_csv(file) and not file.name.startswith("._")]


def size(path: File) -> int:
    """Return how many bytes the file has as it is read."""
    if isinstance(path, zipfile.Path):
        return path.root.getinfo(path.at).file_size
    return path.stat().st_size


def is_csv(path: File) -> bool:
    """Say whether a file is one of text, with an encoding and a delimiter."""
    return path.suffix not in (".xlsx", ".parquet")


def detect_encoding(path: File) -> str:
    """Return the first encoding that the whole file can be read in: UTF-8, then GB18030.

    Raises:
        BadInput: it is in neither.

    """
    with _open(path) as handle:
        start = handle.read(4)
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding
    for encoding in _ENCODINGS:
        if _decodes(path, encoding):
            return encoding
    raise BadInput(
        "the file's encoding cannot be told",
        field="source",
        value=str(path),
        allowed="UTF-8, UTF-16 with a byte-order mark, GBK, GB18030",
        remedy="save it as UTF-8, or name it in the mapping, such as `encoding: latin-1`",
    )


def _decodes(path: File, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with _open(path) as handle:
            while block := handle.read(BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _open(path: File, wrap: Wrap = lambda handle: handle) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        handle = wrap(cast(BinaryIO, file))
        if path.suffix != ".gz":
            yield handle
            return
        with (
            _reading(path, EOFError, gzip.BadGzipFile, zlib.error),
            gzip.GzipFile(fileobj=handle) as plain,
        ):
            yield cast(BinaryIO, plain)


@contextmanager
def _reading(path: File, *faults: type[Exception]) -> Iterator[None]:
    """Turn a reader's own errors about what is in a file into one for who gave it."""
    try:
        yield
    except faults as error:
        raise BadInput(
            "the file cannot be read to its end",
            field="source",
            value=str(path),
            remedy=f"{str(error).partition(chr(10))[0]}; save it anew as what its name says",
        ) from error


def _csv_batches(
    path: File, encoding: str, refuse: Callable[[pl.DataFrame], None], wrap: Wrap
) -> Iterator[pl.DataFrame]:
    import pyarrow as pa
    import pyarrow.csv as pc

    bad = _BadLines(path.name, refuse)
    with _open(path, wrap) as handle, _reading(path, pa.ArrowInvalid, UnicodeError):
        names, delimiter = _header(path, encoding)
        reader = pc.open_csv(
            handle,
            pc.ReadOptions(
                block_size=BLOCK,
                encoding="utf8" if encoding == "utf-8-sig" else encoding,
                use_threads=False,
            ),
            pc.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=bad),
            pc.ConvertOptions(
                default_column_type=pa.string(), strings_can_be_null=True, null_values=[""]
            ),
        )
        for batch in reader:
            yield bad.numbered(pl.DataFrame(batch.rename_columns(names)))


class _BadLines:
    """Takes lines with a wrong number of values, and numbers the others around them."""

    def __init__(self, file: str, refuse: Callable[[pl.DataFrame], None]) -> None:
        self._file = file
        self._refuse = refuse
        self._next = 2
        self._taken: list[int] = []

    def __call__(self, line: Any) -> str:
        """Take one line, as Arrow's invalid_row_handler."""
        if line.number is not None:
            self._taken.append(line.number)
        reason = f"{line.expected_columns} values expected, {line.actual_columns} found"
        said = (self._file, None, line.number, None, None, None, reason, line.text)
        self._refuse(pl.DataFrame([said], schema=REJECTS, orient="row"))
        return "skip"

    def numbered(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Add the column `_row`, leaving out the numbers of the lines taken."""
        span = pl.int_range(self._next, self._next + batch.height + len(self._taken), eager=True)
        rows = span.filter(~span.is_in(self._taken)).head(batch.height)
        self._next = int(rows.item(-1)) + 1  # a batch is never empty
        self._taken = [number for number in self._taken if number >= self._next]
        return batch.with_columns(rows.alias(ROW))


def _header(path: File, encoding: str) -> tuple[list[str], str]:
    """Return the names in a CSV's first line, and what stands between them."""
    with _open(path) as handle:
        line = codecs.getreader(encoding)(handle).readline()
    delimiter = max(_DELIMITERS, key=line.count)
    names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    return _distinct(names, path), delimiter


def _distinct(names: list[str], path: File) -> list[str]:
    if not any(names):
        raise BadInput("the file has no header", field="source", value=str(path))
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise BadInput(
            "a column's name stands there twice",
            field="source",
            value=str(path),
            remedy=f"rename one of each: {', '.join(twice)}",
        )
    return [name or f"column_{place}" for place, name in enumerate(names, 1)]


def _workbook_batches(path: Path, sheet: str | None) -> Iterator[pl.DataFrame]:
    import fastexcel

    with _reading(path, fastexcel.FastExcelError):
        workbook = fastexcel.read_excel(path)
    if sheet is not None and sheet not in workbook.sheet_names:
        raise NotFound(
            "no such sheet", field="sheet", value=sheet, allowed=", ".join(workbook.sheet_names)
        )
    with _reading(path, fastexcel.FastExcelError):
        rows = workbook.load_sheet(sheet or 0, dtypes="string").to_polars()
    rows.columns = _distinct([name.strip() for name in rows.columns], path)
    yield rows.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias(ROW))


def _parquet_batches(path: Path) -> Iterator[pl.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    start = 1
    with _reading(path, pa.ArrowException, OSError), pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            rows = pl.DataFrame(batch)
            yield rows.with_columns((pl.int_range(pl.len(), dtype=pl.Int64) + start).alias(ROW))
            start += rows.height
