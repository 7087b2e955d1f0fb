"""Figures within sentences, written alike wherever a frame tells them."""

import polars as pl


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
