"""Intervals draw whole accounts, and cover the truth about as often as they say."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from training.metrics import Draws


def test_single_deals_are_drawn_as_scipy_draws_them() -> None:
    rng = np.random.default_rng(0)
    values = rng.exponential(size=400)
    expected = bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=rng
    ).confidence_interval
    found = Draws(np.arange(400), draws=4000).mean(np.arange(400), values)
    assert found.mean == pytest.approx(values.mean())
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.05 * width)
    assert found.high == pytest.approx(expected.high, abs=0.05 * width)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Values share a part by group: drawing single rows would cover far too seldom."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(50), 6)
    covered = 0
    for seed in range(200):
        values = rng.normal(size=50)[groups] + rng.normal(size=300)
        interval = Draws(groups, seed, draws=200).mean(groups, values)
        assert interval.low <= interval.mean <= interval.high
        covered += interval.low <= 0 <= interval.high
    assert 0.89 <= covered / 200 <= 0.985  # 95 % ± four standard errors, less bootstrap's optimism


def test_a_deal_that_comes_again_teaches_nothing_new() -> None:
    """The same deals at four origins give the interval of one, not one of half the width."""
    values, groups = np.random.default_rng(2).normal(size=80), np.arange(80)
    draws = Draws(groups)
    once = draws.mean(groups, values)
    again = draws.mean(np.tile(groups, 4), np.tile(values, 4))
    assert (again.low, again.high) == pytest.approx((once.low, once.high), abs=1e-6)


def test_a_ratio_of_what_seldom_comes_reaches_to_infinity() -> None:
    over, under = np.full(40, 0.05), np.zeros(40)
    under[7] = 1
    interval = Draws(np.arange(40)).ratio(np.arange(40), over, under)
    assert interval.mean == pytest.approx(2.0)
    assert 0 < interval.low < 2 < interval.high == np.inf
    assert np.isnan(Draws(np.arange(40)).ratio(np.arange(40), over, np.zeros(40)).mean)


def test_some_rows_are_drawn_as_they_are_among_all() -> None:
    """A segment's accounts are drawn with the others', so that its size varies, too."""
    groups = np.array(["a", "b", "b", "c"])
    draws = Draws(groups, draws=5)
    assert draws.times(groups, 5).shape == (5, 4)
    assert (draws.times(np.array(["b"]), 3)[:, 0] == draws.times(groups, 3)[:, 1]).all()
    assert (draws.times(np.array(["a", "b", "c"]), 5).sum(axis=1) == 3).all()
