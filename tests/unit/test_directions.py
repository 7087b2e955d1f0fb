"""Directions: what can only speak for winning never speaks against it."""

import numpy as np
import polars as pl
import pytest

from models.hazard import HazardModel
from training.fit import Fitted


def odds(model: HazardModel, rows: pl.DataFrame) -> np.ndarray:
    """Log-odds of won less those of lost, by snapshot and bin, and by source."""
    unfolded, _ = model.ahead.unfold(model.encoder.encode(rows), rows["as_of"].to_numpy())
    told: np.ndarray = model.won.predict(unfolded) - model.lost.predict(unfolded)
    return told


@pytest.mark.parametrize("more", [0.01, 1.0, 50.0])
def test_more_of_it_moves_the_odds_its_way_only(fitted: Fitted, more: float) -> None:
    declared = [one for one in fitted.features if one.direction]
    assert {one.name for one in declared} >= {"owner_record", "confirmed", "failed"}
    rows = fitted.sample.rows.tail(200)
    before = odds(fitted.model, rows)  # type: ignore[arg-type]
    for feature in declared:
        moved = odds(fitted.model, rows.with_columns(pl.col(feature.name) + more))  # type: ignore[arg-type]
        assert ((moved - before) * feature.direction >= -1e-9).all(), feature.name
