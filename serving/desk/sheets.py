"""The desk's tables as files: CSV of one, a workbook of several."""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

import polars as pl

from serving.desk.headings import WORDED, WORDS, called
from serving.desk.told import MOMENTS
from serving.insights.headings import Language
from serving.insights.spreadsheet import local, opened, written

SHARES: Final = frozenset(
    {
        *("moved_so_far", "conversion", "conversion_before", "conversion_goal", "won_so_far"),
        *("rate", "required", "over_before", "over_year", "p_first", "p_last", "p_won"),
        *("won_share", "p_opens"),
    }
)
"""Columns that are told in per cent."""
_ENDS: Final = frozenset({"by"})
"""Moments at which a period ends."""


@dataclass(frozen=True)
class Sheet:
    """A table to be handed out.

    Attributes:
        name: in both languages: zh and en.
        rows: columns of `headings.COLUMNS`.
        currency: of its sums, told as a last column; None where it has none.
        customers: whether it is the table of customers, whose columns are called otherwise.
    """

    name: tuple[str, str]
    rows: pl.DataFrame
    currency: str | None = None
    customers: bool = False


def csv(sheet: Sheet, language: Language, zone: str = "UTC") -> bytes:
    """Return a table as CSV in UTF-8 with a byte-order mark; no text runs as a formula.

    Args:
        sheet: the table.
        language: of headings and words.
        zone: an IANA name, for dates and times.
    """
    return written(_told(sheet, language, zone))


def workbook(sheets: list[Sheet], as_of: int, language: Language, zone: str = "UTC") -> bytes:
    """Return tables as a workbook, a sheet for each: frozen heads, filters, shares in per cent."""
    file = BytesIO()
    with opened(file, as_of) as book:
        for sheet in sheets:
            rows, here = _told(sheet, language, zone), SHARES & set(sheet.rows.columns)
            rows.write_excel(
                book,
                sheet.name[0 if language == "zh" else 1],
                table_style="Table Style Light 1",
                freeze_panes=(1, 0),
                autofit=True,
                column_formats={called(one, language, sheet.customers): "0.0 %" for one in here},
                dtype_formats={pl.Float64: "#,##0.00", pl.Datetime: "yyyy-mm-dd hh:mm"},
            )
    return file.getvalue()


def _told(sheet: Sheet, language: Language, zone: str) -> pl.DataFrame:
    """Name columns and words for people, and tell moments by the zone's clocks."""
    rows, which = sheet.rows, 0 if language == "zh" else 1
    if sheet.currency is not None:
        rows = rows.with_columns(currency=pl.lit(sheet.currency))
    words = {word: names[which] for word, names in WORDS.items()}
    yes, no = ("是", "否") if which == 0 else ("yes", "no")
    worded = [name for name in rows.columns if name in WORDED]
    both = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Struct)]
    moments = [name for name in rows.columns if name in MOMENTS and rows[name].dtype == pl.Int64]
    told = rows.with_columns(
        pl.col(worded).replace(words),
        *(pl.col(name).struct.field(language).alias(name) for name in both),
        pl.col(pl.Boolean).replace_strict({True: yes, False: no}, return_dtype=pl.String),
        *(local(name, zone).alias(name) for name in moments if name not in _ENDS),
        *(_last_day(name) for name in moments if name in _ENDS),
    )
    return told.rename({name: called(name, language, sheet.customers) for name in rows.columns})


def _last_day(end: str) -> pl.Expr:
    """Return the last day of periods, which are of UTC's calendar, by their ends."""
    return pl.from_epoch(pl.col(end) - 1, time_unit="us").dt.date().alias(end)
