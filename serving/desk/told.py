"""Frames as they are told over HTTP and with --json: moments in ISO 8601, figures as in `told`."""

import math
from typing import Any, Final

import polars as pl

from data.moments import iso
from serving.told import plain

MOMENTS: Final = frozenset(
    {
        *("as_of", "by", "since", "until", "starts_at", "ends_at", "closed_at", "created_at"),
        *("entered_at", "last_created", "quarter", "expected_close_at"),
    }
)


def rows(frame: pl.DataFrame, limit: int | None = None) -> list[dict[str, Any]]:
    """Return the rows of a frame, or the first of them, fit for JSON."""
    return [told(row) for row in frame.head(limit or len(frame)).iter_rows(named=True)]


def told(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row fit for JSON: what is not a number is null."""
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if name in MOMENTS and isinstance(value, int):
        return iso(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return plain(value, name)
