"""The true curves beside the baselines, where the simulator tells them."""

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from data.errors import BadInput
from models.curve import Array, Curves
from training.backtest import Origin

TRUTH: Final = "truth"
"""The name of the true curves among an origin's baselines."""


def true_curves(rows: pl.DataFrame, truth: pl.DataFrame) -> Curves:
    """Look up the true curves of feature rows; between and beyond the days told, do not ask them.

    Args:
        rows: deal_id and as_of.
        truth: deal_id, as_of, days_ahead, p_won, p_lost, see `data.simulator`.

    Raises:
        BadInput: the truth is not told of all of them.
    """
    days = truth["days_ahead"].unique().sort().to_list()

    def side(name: str) -> Array:
        told = truth.pivot("days_ahead", index=["deal_id", "as_of"], values=name)
        found = rows.select("deal_id", "as_of").join(
            told, on=["deal_id", "as_of"], how="left", maintain_order="left"
        )
        if sum(found.null_count().row(0)):
            raise BadInput("the truth is not told of all deals", field="truth", value=name)
        return np.column_stack([np.zeros(len(rows)), *(found[str(day)] for day in days)])

    return Curves(np.array([0.0, *days]), side("p_won"), side("p_lost"))


def with_truth(origin: Origin, truth: pl.DataFrame) -> Origin:
    """Put the true curves among the baselines of an origin."""
    true = true_curves(origin.outcomes.rows, truth)
    return replace(origin, baselines={**origin.baselines, TRUTH: true})
