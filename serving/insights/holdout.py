"""What the list changes: accounts that were held out of it by chance, beside the others.

Each deal's residual is what came (won or not, within some days) less the chance that was said of
it. The arms are drawn by account, so accounts are what varies: with R_a the sum of an account's
residuals and n_a its rows, an arm's mean is r = sum R_a / sum n_a and its variance
sum (R_a - r n_a)² / (sum n_a)² (ratio estimator, Cochran 1977).
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import polars as pl

_LEAST: Final = 10
"""Accounts that each arm needs before a difference is told."""
_EACH: Final = 3
"""Accounts with a win, and without, that it needs: an arm where hardly any won varies too little
to say itself how far it may be off."""
_Z: Final = 1.96


@dataclass(frozen=True)
class HoldOut:
    """Both arms, and what the list changed.

    Attributes:
        arms: held, accounts, rows, said (mean chance), won (share): held out and not.
        difference: of the share won, listed less held out, beyond what was said of each; null with
            too few accounts, or too few that won anything or nothing.
        low: its 95 % interval.
        high: the other end.
    """

    arms: pl.DataFrame
    difference: float | None
    low: float | None
    high: float | None


def compare(judged: pl.DataFrame) -> HoldOut:
    """Compare the arms.

    Args:
        judged: what was said and has come due: account_id, held (bool), p_won, won (0 or 1).
    """
    by_account = judged.group_by("held", "account_id").agg(
        rows=pl.len().cast(pl.Int64),
        said=pl.col("p_won").sum(),
        won=pl.col("won").sum().cast(pl.Float64),
    )
    arms = (
        by_account.group_by("held")
        .agg(
            accounts=pl.len().cast(pl.Int64),
            n=pl.col("rows").sum(),
            said=pl.col("said").sum() / pl.col("rows").sum(),
            won=pl.col("won").sum() / pl.col("rows").sum(),
        )
        .sort("held")
        .rename({"n": "rows"})
    )
    ways = by_account.group_by("held", pl.col("won") > 0).len()
    if len(arms) < 2 or min(arms["accounts"]) < _LEAST or len(ways) < 4 or min(ways["len"]) < _EACH:
        return HoldOut(arms, None, None, None)
    (listed, of_listed), (held, of_held) = (
        _residual(by_account.filter(held=one)) for one in (False, True)
    )
    wide = _Z * sqrt(of_listed + of_held)
    difference = listed - held
    return HoldOut(arms, difference, difference - wide, difference + wide)


def _residual(accounts: pl.DataFrame) -> tuple[float, float]:
    """Return the mean residual of an arm, and its variance."""
    rows = accounts["rows"].to_numpy()
    left = accounts["won"].to_numpy() - accounts["said"].to_numpy()
    mean = left.sum() / rows.sum()
    return float(mean), float(((left - mean * rows) ** 2).sum() / rows.sum() ** 2)
