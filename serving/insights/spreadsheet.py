"""What every file for a spreadsheet has in common: nothing in it runs, and times are somebody's."""

from io import BytesIO
from typing import TYPE_CHECKING, Final

import polars as pl

from data.moments import to_datetime

if TYPE_CHECKING:
    from xlsxwriter import Workbook

_FORMULA: Final = r"^([=+\-@\t\r＝＋－＠])"
"""How a cell begins that a spreadsheet may run; the full-width signs count in Chinese ones."""


def local(moment: str, zone: str) -> pl.Expr:
    """Return a column of moments as the date and time that clocks of a zone show."""
    utc = pl.from_epoch(moment, time_unit="us").dt.replace_time_zone("UTC")
    return utc.dt.convert_time_zone(zone).dt.replace_time_zone(None)


def written(frame: pl.DataFrame) -> bytes:
    """Return a frame as people open it: see `csv`."""
    shown = defused(frame).with_columns(pl.col(pl.Float64).round(4))
    return shown.write_csv(include_bom=True, datetime_format="%Y-%m-%d %H:%M").encode()


def defused(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before each text that a spreadsheet might run as a formula."""
    return frame.with_columns(pl.col(pl.String).str.replace(_FORMULA, "'${1}"))


def opened(file: BytesIO, as_of: int) -> "Workbook":
    """Begin a workbook in which no text is a formula or a link; close it to write the file.

    It bears its own moment as its date, so that the same content gives the same bytes.
    """
    from xlsxwriter import Workbook  # here, because what scores goes without it

    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = Workbook(file, options)
    book.set_properties({"created": to_datetime(as_of).replace(tzinfo=None)})
    return book
