"""Reliability curves and score decompositions, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from training.metrics import Draws
from training.metrics.reliability import (
    decompose,
    logarithmic,
    recalibrated,
    reliability,
    squared,
)


def test_decomposed_by_hand() -> None:
    """Pooling [0, 1, 0, 1] gives [0, 1/2, 1/2, 1]; its Brier score is (1/4 + 1/4) / 4 = 1/8."""
    said, came = np.array([0.1, 0.2, 0.4, 0.7]), np.array([0, 1, 0, 1])
    assert recalibrated(said, came, said).tolist() == [0.0, 0.5, 0.5, 1.0]
    found = decompose(said, came, squared)
    score = (0.1**2 + 0.8**2 + 0.4**2 + 0.3**2) / 4
    assert found.score == pytest.approx(score)
    assert found.miscalibration == pytest.approx(score - 1 / 8)
    assert found.discrimination == pytest.approx(1 / 4 - 1 / 8)
    assert found.uncertainty == pytest.approx(1 / 4)


def test_the_curve_is_the_isotonic_regression_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    said, weights = rng.integers(0, 50, 300) / 50, rng.integers(1, 4, 300).astype(float)
    came = (rng.random(300) < said**2).astype(int)
    at = np.linspace(-0.1, 1.1, 60)
    expected = IsotonicRegression(out_of_bounds="clip").fit(said, came, sample_weight=weights)
    assert recalibrated(said, came, at, weights) == pytest.approx(expected.predict(at), abs=1e-9)


cases = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), st.integers(0, 1)), min_size=2
)


@given(cases)
def test_the_parts_add_up_and_none_is_negative(case: list[tuple[float, int]]) -> None:
    said, came = (np.array(side) for side in zip(*case, strict=True))
    for score in (squared, logarithmic):
        parts = decompose(said, came, score)
        total = parts.miscalibration - parts.discrimination + parts.uncertainty
        assert parts.score == pytest.approx(total, abs=1e-9)
        assert parts.miscalibration >= -1e-9
        assert parts.discrimination >= -1e-9


def test_what_is_recalibrated_already_has_no_miscalibration() -> None:
    rng = np.random.default_rng(1)
    said, came = rng.random(200), rng.integers(0, 2, 200)
    right = recalibrated(said, came, said)
    assert decompose(right, came, squared).miscalibration == pytest.approx(0, abs=1e-12)


def test_the_band_holds_the_truth_where_it_was_told() -> None:
    """Accounts of three deals; of what was said, the square comes."""
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(400), 3)
    said = rng.random(1200)
    came = (rng.random(1200) < said**2).astype(int)
    curve = reliability(said, came, groups, Draws(groups), points=21)
    assert (np.diff(curve.came) >= 0).all()
    assert (curve.low <= curve.high).all()
    inner = slice(2, -2)
    held = (curve.low <= curve.said**2) & (curve.said**2 <= curve.high)
    assert held[inner].mean() >= 0.8
    diagonal = (curve.low <= curve.said) & (curve.said <= curve.high)
    assert diagonal[inner].mean() <= 0.3
