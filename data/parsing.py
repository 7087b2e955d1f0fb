"""Text to values: the one place where moments and numbers are read from columns of text.

Every function takes a column of text and returns one of the same length, with null where the
text is empty or cannot be read; the caller compares the two to find what was wrong.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from data.moments import DAY

_ISO: Final = "%Y-%m-%dT%H:%M:%S%.f%#z"
_YEAR_FIRST: Final = (
    r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]\s*(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,9})?))?)?\s*(Z|z|[+-]\d{2}:?\d{2})?$"
)
"""Dates that begin with the year cannot be mistaken: 2024-03-05, 2024/3/5, 2024年3月5日 9:30."""


def words(column: pl.Series, missing: Sequence[str] = ()) -> pl.Series:
    """Return text without surrounding spaces; empty text and the `missing` words as null."""
    text = column.cast(pl.String).str.strip_chars()
    return text.replace(dict.fromkeys(("", *missing), None))


def moments(column: pl.Series, formats: Sequence[str] = (), timezone: str = "UTC") -> pl.Series:
    """Read moments as Int64 microseconds of UTC.

    Args:
        column: text (ISO 8601, or any date that begins with the year), dates, date-times, or
            microseconds already.
        formats: strptime formats tried in order instead, such as `%d/%m/%Y`.
        timezone: what a moment without a zone means.

    """
    if column.dtype.is_integer():
        return column.cast(pl.Int64)
    if column.dtype.is_temporal():
        kind = pl.Datetime("us", getattr(column.dtype, "time_zone", None))
        return _to_micros(column.cast(kind), timezone)
    if column.dtype != pl.String:
        return pl.repeat(None, column.len(), dtype=pl.Int64, eager=True).alias(column.name)
    if formats:
        tries = [column.str.to_datetime(f, time_unit="us", strict=False) for f in formats]
        return _first([_to_micros(tried, timezone) for tried in tries])
    # The usual forms are read directly; the pattern costs milliseconds, too much for one record.
    read = _to_micros(column.str.to_datetime(_ISO, time_unit="us", strict=False), timezone)
    for read_rest in (_date, _year_first):
        if read.null_count() > column.null_count():
            read = _first([read, read_rest(column, timezone)])
    return read


def _date(column: pl.Series, timezone: str) -> pl.Series:
    return _to_micros(column.str.to_datetime("%Y-%m-%d", time_unit="us", strict=False), timezone)


def _year_first(column: pl.Series, timezone: str) -> pl.Series:
    parts = column.str.extract_groups(_YEAR_FIRST).struct.unnest()
    year, month, day, hour, minute, second, zone = (pl.col(name) for name in parts.columns)
    clock = [part.fill_null("00") for part in (hour, minute, second)]
    local = pl.concat_str(
        pl.concat_str(year, month, day, separator="-"),
        pl.concat_str(clock, separator=":"),
        separator="T",
    )
    with_zone = pl.concat_str(local, zone).str.to_datetime(_ISO, time_unit="us", strict=False)
    without = local.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    read = parts.select(zoned=with_zone, bare=pl.when(zone.is_null()).then(without))
    return _first([_to_micros(read["zoned"], timezone), _to_micros(read["bare"], timezone)])


def _to_micros(column: pl.Series, timezone: str) -> pl.Series:
    if getattr(column.dtype, "time_zone", None) is None and timezone != "UTC":
        # An hour that a change of clocks skips or repeats has no one answer: take the earlier.
        column = column.dt.replace_time_zone(
            timezone, ambiguous="earliest", non_existent="null"
        ).dt.convert_time_zone("UTC")
    return column.to_physical().cast(pl.Int64)


def _first(columns: list[pl.Series]) -> pl.Series:
    return pl.select(pl.coalesce(columns)).to_series().rename(columns[0].name)


def days(column: pl.Series) -> pl.Series:
    """Say which moments are written as a day: without a time, or with midnight in their zone."""
    if column.dtype == pl.String:
        clock = column.str.extract(r"[T\s]\s*(\d{1,2}:[\d:.]+)")
        return ~clock.str.contains("[1-9]").fill_null(value=False)
    return (moments(column) % DAY == 0).fill_null(value=False)


def iso(moments: pl.Expr, timezone: str = "UTC") -> pl.Expr:
    """Write moments as ISO 8601 in a time zone."""
    local = pl.from_epoch(moments, time_unit="us").dt.replace_time_zone("UTC")
    zone = "Z" if timezone == "UTC" else "%:z"
    return local.dt.convert_time_zone(timezone).dt.strftime(f"%Y-%m-%dT%H:%M:%S%.f{zone}")


def numbers(
    column: pl.Series, decimal: str = ".", thousands: str = "", scale: float = 1.0
) -> pl.Series:
    """Read finite numbers as Float64.

    Args:
        column: text or numbers; a currency sign before the digits is passed over.
        decimal: what stands before the decimals.
        thousands: what may stand between groups of digits, such as a comma.
        scale: what each number is multiplied by; 10000 for a column in 万元.

    """
    if column.dtype == pl.String:
        if thousands:
            column = column.str.replace_all(thousands, "", literal=True)
        if decimal != ".":
            column = column.str.replace(decimal, ".", literal=True)
        column = column.str.strip_chars_start("¥￥$€£ ")
    read = column.cast(pl.Float64, strict=False)
    if np.isfinite(read.to_numpy()).sum() + read.null_count() < len(read):
        read = read.set(~read.is_finite().fill_null(value=True), None)
    # 39.59 * 10000 is 395900.00000000006: a float holds fifteen decimal digits, the rest is dust
    return (read * scale).round_sig_figs(15) if scale != 1.0 else read
