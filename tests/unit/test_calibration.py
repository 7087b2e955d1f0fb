"""Calibration: leaves what is right, mends what is bent, and stays a probability."""

import json

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from models.calibration import Calibration
from models.curve import Array

ROWS, BINS = 20_000, 3


@pytest.fixture(scope="module")
def world() -> tuple[Array, np.ndarray, np.ndarray]:
    """True log-odds [rows, 2], the bin [rows] and what happened [rows]."""
    rng = np.random.default_rng(7)
    odds = rng.normal([-2.0, -1.5], 0.8, size=(ROWS, 2))
    cause = (rng.random((ROWS, 1)) > hazards(odds).cumsum(axis=1)).sum(axis=1).clip(max=2)
    return odds, rng.integers(0, BINS, ROWS), cause


def hazards(odds: Array) -> Array:
    said: Array = softmax(np.column_stack([np.zeros(len(odds)), odds]), axis=1)
    return said


def bent(true: Array) -> Array:
    """Halve the log-odds and add .5: too timid, and closings too many."""
    return 0.5 * true + 0.5


def test_what_is_calibrated_stays_as_it_is(world: tuple[Array, np.ndarray, np.ndarray]) -> None:
    true, number, cause = world
    corrected = Calibration.fit(true[:, :, None], number, cause, BINS).apply(
        true[:, :, None], number
    )
    assert np.abs(corrected - hazards(true)).mean() < 0.01


def test_no_correction_is_the_identity(world: tuple[Array, np.ndarray, np.ndarray]) -> None:
    true, number, _ = world
    left = Calibration.none(BINS).apply(true[:, :, None], number)
    np.testing.assert_allclose(left, hazards(true), atol=1e-12)


def test_what_was_bent_is_bent_back(world: tuple[Array, np.ndarray, np.ndarray]) -> None:
    true, number, cause = world
    said, fitting = bent(true), np.arange(ROWS) < ROWS // 2
    calibration = Calibration.fit(said[fitting][:, :, None], number[fitting], cause[fitting], BINS)
    corrected = calibration.apply(said[~fitting][:, :, None], number[~fitting])
    before, best = (log_loss(cause[~fitting], hazards(odds[~fitting])) for odds in (said, true))
    after = log_loss(cause[~fitting], corrected)
    assert best <= after < before
    assert after - best < 0.1 * (before - best)
    np.testing.assert_allclose(calibration.slope, 2.0, atol=0.3)  # x = 2 y - 1 undoes y = x/2 + 1/2
    np.testing.assert_allclose(calibration.intercept, -1.0, atol=0.3)


def test_corrected_hazards_are_probabilities(world: tuple[Array, np.ndarray, np.ndarray]) -> None:
    true, number, cause = world
    calibration = Calibration.fit(bent(true)[:, :, None], number, cause, BINS)
    extremes = np.array([[-99.0, -99.0], [99.0, 0.0], [0.0, 99.0], [999.0, 999.0]])
    corrected = calibration.apply(extremes[:, :, None], np.array([0, 1, 2, 0]))
    assert np.isfinite(corrected).all()
    assert (corrected >= 0).all()
    np.testing.assert_allclose(corrected.sum(axis=1), 1.0, rtol=0, atol=1e-12)


def test_bins_with_few_closings_are_mended_together(
    world: tuple[Array, np.ndarray, np.ndarray],
) -> None:
    true, _, cause = world
    few = slice(0, 300)  # some 60 closings of both causes in all
    number = np.arange(300) % BINS
    slope = Calibration.fit(bent(true[few])[:, :, None], number, cause[few], BINS).slope
    assert (slope == slope[0]).all()
    assert (slope != 1.0).all()


def test_it_is_read_back_as_it_was_written(world: tuple[Array, np.ndarray, np.ndarray]) -> None:
    true, number, cause = world
    calibration = Calibration.fit(bent(true)[:, :, None], number, cause, BINS)
    again = Calibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    assert (
        again.apply(true[:, :, None], number) == calibration.apply(true[:, :, None], number)
    ).all()


def test_where_little_was_seen_deals_are_told_less_apart() -> None:
    rng = np.random.default_rng(3)
    odds = rng.normal(-1.0, 1.0, size=(4000, 2))
    cause = (rng.random((4000, 1)) > hazards(odds).cumsum(axis=1)).sum(axis=1).clip(max=2)
    number = np.zeros(4000, np.int64)
    slopes = [
        Calibration.fit(odds[:few][:, :, None], number[:few], cause[:few], 1).slope.mean()
        for few in (15, 60, 4000)
    ]
    assert 0 <= slopes[0] < 0.9 * slopes[2]
    assert slopes[2] == pytest.approx(1.0, abs=0.1)


def test_two_sources_are_blended_by_what_they_are_worth(
    world: tuple[Array, np.ndarray, np.ndarray],
) -> None:
    true, number, cause = world
    noise = np.random.default_rng(1).normal(-2.0, 0.8, size=true.shape)
    calibration = Calibration.fit(np.stack([noise, true], axis=2), number, cause, BINS)
    useless, right = calibration.slope[:, :, 0], calibration.slope[:, :, 1]
    assert (useless >= 0).all()
    assert useless.max() < 0.15
    np.testing.assert_allclose(right, 1.0, atol=0.2)


def test_what_drifts_is_set_to_now() -> None:
    rng = np.random.default_rng(5)
    ago, said = rng.uniform(0, 4, 60_000), np.full((60_000, 2, 1), -1.5)
    # wins become rarer, losses stay as they are
    true = np.column_stack([-1.5 + 0.3 * (ago - 1), np.full(60_000, -1.0)])
    cause = (rng.random((60_000, 1)) > hazards(true).cumsum(axis=1)).sum(axis=1).clip(max=2)
    number = np.zeros(60_000, np.int64)
    alike, now = (Calibration.fit(said, number, cause, 1, ago=when) for when in (None, ago))
    lately = (ago < 0.1).nonzero()[0]
    expected = hazards(np.array([[-1.8, -1.0]]))[0]
    np.testing.assert_allclose(now.apply(said[:1], number[:1])[0], expected, atol=0.01)
    came = np.bincount(cause[lately], minlength=3) / len(lately)
    np.testing.assert_allclose(now.apply(said[:1], number[:1])[0], came, atol=0.03)
    assert alike.apply(said[:1], number[:1])[0, 1] > expected[1] + 0.03


def test_a_few_closings_make_no_drift() -> None:
    rng = np.random.default_rng(6)
    ago, number = rng.uniform(0, 1, 100), np.zeros(100, np.int64)
    cause = np.where(ago < 0.5, 1, rng.integers(0, 3, 100))  # by chance, the last ones were won
    said = np.zeros((100, 2, 1))
    won = [
        Calibration.fit(said, number, cause, 1, ago=when).apply(said[:1], number[:1])[0, 1]
        for when in (None, ago)
    ]
    assert abs(won[1] - won[0]) < 0.1
