"""Figures within sentences, written alike wherever they are told."""

from typing import Final

import polars as pl
from babel.numbers import format_compact_currency, format_compact_decimal

_WHOLE: Final = 100.0
"""From here on a short sum has no cents."""


def written(figure: pl.Expr, digits: int = 0) -> pl.Expr:
    """Write a number: thousands marked, a true minus sign, no zeros after the point.

    Args:
        figure: below 2^63 in size; null stays null.
        digits: after the point, at most.
    """
    parts = 10**digits
    size = (figure.abs() * parts).round().cast(pl.Int64)
    thousands = (
        (size // parts)
        .cast(pl.String)
        .str.reverse()
        .str.replace_all(r"(\d{3})", "${1},")
        .str.reverse()
        .str.strip_chars_start(",")
    )
    rest = (size % parts).cast(pl.String).str.zfill(digits).str.strip_chars_end("0")
    sign = pl.when((figure < 0) & (size > 0)).then(pl.lit("−")).otherwise(pl.lit(""))
    point = pl.when(size % parts > 0).then(pl.lit(".") + rest).otherwise(pl.lit(""))
    return pl.concat_str(sign, thousands, point)


def short(value: float, language: str, currency: str | None = None) -> str:
    """Write a sum short, by the language's own thousands or ten thousands: 12.4万, 124K."""
    value = round(value) if abs(value) >= _WHOLE else round(value, 2)
    if currency is None:
        told = format_compact_decimal(value, fraction_digits=1, locale=language)
    else:
        told = format_compact_currency(value, currency, fraction_digits=1, locale=language)
    return str(told).replace("-", "−")
