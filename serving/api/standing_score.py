"""A standing score in the words of the interface; it costs no frame, so that it costs no time."""

import json
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from msgspec.json import encode

from data.moments import iso
from models.curve import Curves
from serving.api.deal_score import Document, chance, told_range
from serving.scores import days_until
from serving.standings import Standing, curves_of
from serving.told import money


def from_standing(
    row: dict[str, Any], days: Sequence[int] | None = None, dates: Sequence[date] = ()
) -> Document:
    """Say a standing row in the words of the interface, as `tell` says a new score.

    Args:
        row: of `data.standing.standing`.
        days: days ahead to read its curve at; the pipeline's horizons when left out.
        dates: dates to read it at, each at its end.
    """
    curve = curves_of(row) if days or dates else None
    return {
        "deal_id": row["deal_id"],
        "as_of": iso(row["as_of"]),
        "pipeline": row["pipeline"],
        "bundle": row["bundle"],
        "served_by": row["served_by"],
        "stage": row["stage"],
        "timing": row["timing"],
        "score": row["score"],
        "grade": row["grade"],
        "trend": None,
        "chances": _chances(row) if curve is None or not days else _at(curve, days),
        "won_by": [] if curve is None else _by(curve, row["as_of"], dates),
        "eventually": chance(row["p_won"], row["p_lost"]),
        "expected_close": told_range("close", row),
        "expected_end": told_range("end", row),
        "amount_at_close": money(row["amount_at_close"]),
        "parts": None,
        "reasons": None,
    }


def written(row: Standing, days: Sequence[int] | None = None, dates: Sequence[date] = ()) -> str:
    """Return what `from_standing` does as JSON."""
    if days or dates:
        return _written(tuple(row.values()), tuple(row), days and tuple(days), tuple(dates))
    if row.told is None:
        row.told = _written(tuple(row.values()), tuple(row), None, ())
    return row.told


@lru_cache(maxsize=4_096)  # what is asked alike of a row that says the same is written the same
def _written(
    values: tuple[Any, ...],
    names: tuple[str, ...],
    days: tuple[int, ...] | None,
    dates: tuple[date, ...],
) -> str:
    row = dict(zip(names, values, strict=True))
    return encode(from_standing(row, days, dates)).decode()


def _chances(row: dict[str, Any]) -> list[Document]:
    said = json.loads(row["chances"])
    return [{"days_ahead": days} | chance(won, lost) for days, won, lost in said]


def _at(curve: Curves, days: Sequence[int]) -> list[Document]:
    return [{"days_ahead": day} | _read(curve, day) for day in sorted(set(days))]


def _by(curve: Curves, as_of: int, dates: Sequence[date]) -> list[Document]:
    ahead = {day: days_until(day, as_of) for day in sorted(set(dates))}
    return [{"date": day.isoformat()} | _read(curve, days) for day, days in ahead.items()]


def _read(curve: Curves, days: float) -> Document:
    """Read one curve; the chances are None where timing is unknown."""
    read = curve.won_by(days), curve.lost_by(days)
    return chance(*(None if np.isnan(one[0]) else float(one[0]) for one in read))
