"""Shocks that all deals share: how much more totals miss by than independent deals would.

A total that was said to be m, with standard deviation s if deals were independent, came as
a = f · (the independent total), with one factor f for all deals, of mean 1 and variance t². Then
Var(a) = s² + t² m². t² is chosen so that the squared standardized errors have mean 1 (Paule &
Mandel 1982): sum of (a - m)² / (s² + t² m²) = n.
"""

from typing import Final

import numpy as np
import polars as pl

from data.moments import DAY
from models.curve import Array

_MOST: Final = 3.0
_STEP: Final = 28 * DAY
_YEAR: Final = 364 * DAY
_REPLAYS: Final = 26
LEAST: Final = 6
"""Past totals that a shock is fitted on at least."""


def fit_shock(said: Array, sd: Array, came: Array) -> float:
    """Return t, the standard deviation of the shared factor; 0 where errors are no larger.

    Args:
        said: totals expected, [n].
        sd: their standard deviations if deals were independent, [n].
        came: what they turned out to be, [n].
    """
    error, said, sd = (came - said) ** 2, np.asarray(said), np.asarray(sd)
    kept = (said > 0) & (sd > 0)
    if not kept.any():
        return 0.0
    error, said, sd = error[kept], said[kept], sd[kept]

    def excess(variance: float) -> float:
        return float((error / (sd**2 + variance * said**2)).mean() - 1.0)

    from scipy.optimize import brentq  # here, because only the job that makes desks needs it

    if excess(0.0) <= 0:
        return 0.0
    if excess(_MOST**2) >= 0:
        return _MOST
    return float(np.sqrt(brentq(excess, 0.0, _MOST**2)))


def replayed(deals: pl.DataFrame, spells: pl.DataFrame, as_of: int, days: float) -> pl.DataFrame:
    """Tell past totals by stage alone, from what came of the year before, and what they became.

    For want of backtests of the model's own: what a simple forecast missed by for all deals at
    once.

    Args:
        deals: columns deal_id, closed_at, outcome, value.
        spells: what `stage_spells` says of them.
        as_of: the moment they are known at.
        days: how far the totals reach ahead.

    Returns:
        as_of, said, sd, came: a row per replay.
    """
    ahead = max(1, round(days)) * DAY
    stays = spells.select("deal_id", "stage", "entered_at", "left_at").join(
        deals.select("deal_id", "closed_at", "outcome", pl.col("value").fill_null(0.0)),
        on="deal_id",
    )
    moments = [as_of - ahead - k * _STEP for k in range(_REPLAYS + _YEAR // _STEP)]
    seen = [_standing(stays, at, ahead) for at in moments]
    return pl.DataFrame(
        [
            told
            for at, standing in zip(moments[:_REPLAYS], seen, strict=False)
            if (told := _told(at, standing, pl.concat(seen), ahead)) is not None
        ],
        schema={"as_of": pl.Int64, "said": pl.Float64, "sd": pl.Float64, "came": pl.Float64},
        orient="row",
    )


def _standing(stays: pl.DataFrame, at: int, ahead: int) -> pl.DataFrame:
    """Sum up by stage the deals that stood there at a moment, and those won soon after."""
    there = (pl.col("entered_at") <= at) & (pl.col("left_at").is_null() | (pl.col("left_at") > at))
    won = (pl.col("outcome") == "won") & (pl.col("closed_at") <= at + ahead)
    value = pl.col("value")
    return (
        stays.filter(there)
        .group_by("stage")
        .agg(
            n=pl.len(),
            won=won.sum(),
            value=value.sum(),
            squares=(value**2).sum(),
            came=(value * won).sum(),
        )
        .with_columns(at=pl.lit(at))
    )


def _told(
    at: int, standing: pl.DataFrame, seen: pl.DataFrame, ahead: int
) -> tuple[int, float, float, float] | None:
    """Forecast a total from the rates of a year whose outcomes were known by then."""
    past = seen.filter(pl.col("at").is_between(at - ahead - _YEAR, at - ahead))
    if past["at"].n_unique() < _YEAR // _STEP:
        return None
    rates = past.group_by("stage").agg(rate=pl.col("won").sum() / pl.col("n").sum())
    joined = standing.join(rates, on="stage").with_columns(p=pl.col("rate"))
    said = float((joined["p"] * joined["value"]).sum())
    variance = float((joined["squares"] * joined["p"] * (1 - joined["p"])).sum())
    return at, said, variance**0.5, float(joined["came"].sum())
