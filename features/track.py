"""Track records: the share won among what `features.tallies` counted as closed.

A share of few closings says little, so it is drawn towards the share of all by the strength that
the data themselves show (empirical Bayes).
"""

from typing import Final

import narwhals as nw
import numpy as np
import polars as pl

from features.context import Context
from features.tallies import KEYS

_FIRM: Final = (1.0, 1000.0)
"""Bounds of a strength, in closings."""


def share_won(of: str, context: Context) -> nw.Expr:
    """Share of deals won among those closed, drawn towards the share of all; null of nobody.

    (won + s · p) / (closed + s), with p the share of all and s the strength: the mean of a beta
    posterior.
    """
    strength = dict(context.strengths).get(of, _FIRM[1])
    everyone = (nw.col("all_won") + 0.5) / (nw.col("all_closed") + 1.0)
    return (nw.col(f"{of}_won") + strength * everyone) / (nw.col(f"{of}_closed") + strength)


def strengths(counts: pl.DataFrame) -> tuple[tuple[str, float], ...]:
    """Estimate how much each kind of record varies beyond chance, by the method of moments.

    For a beta-binomial with mean p and strength s the shares vary by p (1 - p) / (s + 1) beyond
    sampling (Kleinman 1973): s is found from their weighted variance.

    Args:
        counts: see `features.tallies.counted`.

    Returns:
        Each kind with its strength in closings, within `_FIRM`.
    """
    return tuple(
        (of, _strength(rows["won"].to_numpy(), rows["closed"].to_numpy()))
        for of in KEYS
        if of != "all"
        for rows in [counts.filter(pl.col("of") == of, pl.col("closed") > 0)]
    )


def _strength(won: np.ndarray, closed: np.ndarray) -> float:
    total = closed.sum()
    if len(closed) < 2 or not 0 < won.sum() < total:
        return _FIRM[1]
    p = won.sum() / total
    excess = (closed * (won / closed - p) ** 2).sum() - (len(closed) - 1) * p * (1 - p)
    between = excess / (total - (closed**2).sum() / total)
    return float(np.clip(p * (1 - p) / between - 1, *_FIRM)) if between > 0 else _FIRM[1]
