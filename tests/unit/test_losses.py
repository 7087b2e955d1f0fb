"""Losses, against scikit-learn and by hand."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from models.curve import LOST, OPEN, WON
from models.sample import Sample
from training.metrics import brier_scores, log_losses, outcome_at


def test_losses_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    said, outcome = rng.dirichlet([3, 1, 2], 500), rng.integers(0, 3, 500)
    assert log_losses(said, outcome).mean() == pytest.approx(log_loss(outcome, said), abs=1e-12)
    expected = brier_score_loss(outcome, said, labels=[0, 1, 2], scale_by_half=False)
    assert brier_scores(said, outcome).mean() == pytest.approx(expected, abs=1e-12)


def test_what_was_ruled_out_costs_much_but_not_everything() -> None:
    assert 20 < log_losses(np.array([[1.0, 0.0, 0.0]]), np.array([WON]))[0] < 50


def test_the_outcome_is_that_of_the_horizon() -> None:
    days, cause = np.array([5.0, 20.0, np.inf, 8.0]), np.array([WON, LOST, OPEN, WON])
    rows = pl.DataFrame({"stage": ["s"] * 4})
    sample = Sample(rows, days, cause, np.full(4, 40.0), np.arange(4))
    assert outcome_at(sample, 7).tolist() == [WON, OPEN, OPEN, OPEN]
    assert outcome_at(sample, 28).tolist() == [WON, LOST, OPEN, WON]
