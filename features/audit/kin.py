"""Kin of suspects: a column that says the same as one, is filled with it, or adds up with it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import rankdata

from features.audit.finding import Evidence

_SAME: Final = 0.95
"""A correlation from which two columns count as one."""
_MOSTLY: Final = 0.5
"""A share of records that must add up to one."""


def kin_evidence(name: str, suspects: Sequence[str], values: pl.DataFrame) -> list[Evidence]:
    """Return what a column shares with suspects: another's name may be clearer than its own.

    Args:
        name: the column.
        suspects: other columns, suspected for themselves.
        values: all columns.
    """
    own = values[name]
    for other in suspects:
        alike = _correlation(*(one.is_not_null().to_numpy() for one in (own, values[other])))
        if alike >= _SAME:
            zh, en = f"与“{other}”同时填写（{alike:.2f}）", f"filled where {other} is ({alike:.2f})"
            return [Evidence("kin", "name", alike, zh, en)]
    numbers = [one for one in suspects if values[one].dtype.is_numeric()]
    return _of_numbers(own, numbers, values) if own.dtype.is_numeric() else []


def _of_numbers(own: pl.Series, others: Sequence[str], values: pl.DataFrame) -> list[Evidence]:
    """Numbers in the same order, or shares of one whole."""
    for other in others:
        alike = _rank_correlation(own, values[other])
        if abs(alike) >= _SAME:
            zh = f"与“{other}”几乎相同（{alike:.2f}）"
            en = f"nearly the same as {other} ({alike:.2f})"
            return [Evidence("kin", "name", alike, zh, en)]
    shares = [one for one in others if _is_share(values[one])]
    return _whole(own, shares, values) if shares and _is_share(own) else []


def _whole(own: pl.Series, shares: Sequence[str], values: pl.DataFrame) -> list[Evidence]:
    """Shares that add up to one are shares of a whole, which is known when it is complete."""
    total = values.select(pl.sum_horizontal(shares)).to_series() + own
    part = own.is_between(0, 1, closed="none")
    whole = int(((total - 1).abs() < 0.01).filter(part).sum()) / max(int(part.sum()), 1)
    if whole < _MOSTLY:
        return []
    names = ", ".join(shares)
    zh, en = f"与 {names} 相加为 1（{whole:.0%}）", f"adds up to 1 with {names} (in {whole:.0%})"
    return [Evidence("kin", "name", whole, zh, en)]


def _is_share(values: pl.Series) -> bool:
    return bool(values.is_between(0, 1).all()) and values.n_unique() > 2


def _rank_correlation(one: pl.Series, other: pl.Series) -> float:
    """Spearman's, of the records that have both."""
    both = (one.is_not_null() & other.is_not_null()).to_numpy()
    return _correlation(*(rankdata(values.to_numpy()[both]) for values in (one, other)))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's; 0 where one of them is constant."""
    if len(one) < 3 or one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
