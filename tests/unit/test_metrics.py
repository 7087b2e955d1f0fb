"""Metrics, against scikit-learn and against what they promise."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from models.curve import LOST, OPEN, WON, Curves
from models.sample import Sample
from training.metrics import brier, judge, log_losses, outcome_at, paired_difference, pool

EDGES = np.array([0.0, 7.0, 28.0])


def test_losses_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    said, outcome = rng.dirichlet([3, 1, 2], 500), rng.integers(0, 3, 500)
    assert log_losses(said, outcome).mean() == pytest.approx(log_loss(outcome, said), abs=1e-12)
    expected = brier_score_loss(outcome, said, labels=[0, 1, 2], scale_by_half=False)
    assert brier(said, outcome) == pytest.approx(expected, abs=1e-12)


def test_what_was_ruled_out_costs_much_but_not_everything() -> None:
    assert 20 < log_losses(np.array([[1.0, 0.0, 0.0]]), np.array([WON]))[0] < 50


@pytest.fixture
def sample() -> Sample:
    """Four snapshots: won on day 5, lost on day 20, open, and one seen for ten days only."""
    days, seen = np.array([5.0, 20.0, np.inf, 8.0]), np.array([40.0, 40.0, 40.0, 10.0])
    rows = pl.DataFrame({"stage": ["s"] * 4})
    return Sample(rows, days, np.array([WON, LOST, OPEN, WON]), seen, np.arange(4))


def flat(won: float, lost: float) -> Curves:
    """The same chances for four deals, reached within the first bin."""
    return Curves(EDGES, np.tile([0.0, won, won], (4, 1)), np.tile([0.0, lost, lost], (4, 1)))


def test_the_outcome_is_that_of_the_horizon(sample: Sample) -> None:
    assert outcome_at(sample, 7).tolist() == [WON, OPEN, OPEN, OPEN]
    assert outcome_at(sample, 28).tolist() == [WON, LOST, OPEN, WON]


def test_judged_by_hand(sample: Sample) -> None:
    one = judge(sample, flat(0.5, 0.25), flat(0.25, 0.25), 28)
    assert one is not None
    assert (one.open_deals, one.won_actual, one.lost_actual) == (3, 1, 1)  # the last is half seen
    assert one.log_loss == pytest.approx(np.log(2 * 4 * 4) / 3)
    assert one.log_loss_baseline == pytest.approx(np.log(4 * 4 * 2) / 3)
    assert (one.won_expected, one.lost_expected) == (1.5, 0.75)
    assert one.won_deviation == pytest.approx(np.sqrt(3 * 0.25))


def test_a_horizon_beyond_the_data_is_not_judged(sample: Sample) -> None:
    assert judge(sample, flat(0.5, 0.25), flat(0.5, 0.25), 41) is None


def test_origins_pool_by_deal(sample: Sample) -> None:
    one = judge(sample, flat(0.5, 0.25), flat(0.25, 0.25), 28)
    assert one is not None
    pooled = pool([one, replace(one, open_deals=9, log_loss=one.log_loss + 1)])
    assert pooled.open_deals == 12
    assert pooled.won_actual == 2
    assert pooled.log_loss == pytest.approx(one.log_loss + 0.75)
    assert pooled.won_deviation == pytest.approx(one.won_deviation * np.sqrt(2))


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Losses share a part by group: drawing single snapshots would cover far too seldom."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(50), 6)
    covered = 0
    for _ in range(200):
        ours = rng.normal(size=50)[groups] + rng.normal(size=300)
        interval = paired_difference(ours, np.zeros(300), groups, rng, draws=200)
        assert interval.low <= interval.mean <= interval.high
        covered += interval.low <= 0 <= interval.high
    assert 0.89 <= covered / 200 <= 0.985  # 95 % ± four standard errors, less bootstrap's optimism
