"""Curves: whatever the hazards are, nothing read off them can contradict anything else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.curve import Array, Curves

EDGES = np.array([0.0, 1.0, 3.0, 7.0, 28.0])
_shares = st.just(0.0) | st.floats(1e-6, 1.0)


@st.composite
def curves(draw: st.DrawFn) -> Curves:
    """Draw the hazard of closing in each bin, and the share of it that is won."""
    shape = st.tuples(st.integers(1, 4), st.just(len(EDGES) - 1))
    closes = draw(hnp.arrays(float, shape, elements=_shares))
    won = draw(hnp.arrays(float, closes.shape, elements=_shares))
    return Curves.from_hazards(EDGES, closes * won, closes * (1 - won))


days_ahead = st.floats(0, 40)


@settings(deadline=None)
@given(curves(), days_ahead, days_ahead)
def test_chances_only_grow_and_always_sum_to_one(curves: Curves, one: float, other: float) -> None:
    sooner, later = sorted((one, other))
    for read in (curves.won_by, curves.lost_by):
        assert (read(later) >= read(sooner) - 1e-12).all()
    chances = curves.at(later)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=0, atol=1e-9)
    assert (chances > -1e-9).all()


@settings(deadline=None)
@given(curves(), st.floats(0.01, 1.0))
def test_the_close_date_is_read_off_the_curve(curves: Curves, quantile: float) -> None:
    days = curves.close_days(quantile)
    hopeless = curves.won[:, -1] == 0
    assert (np.isnan(days) == hopeless).all()
    for deal in np.flatnonzero(~hopeless):
        assert EDGES[0] <= days[deal] <= EDGES[-1]
        told = curves.won_by(days[deal])[deal]
        assert told == pytest.approx(quantile * curves.won[deal, -1], abs=1e-9)


@settings(deadline=None)
@given(curves())
def test_curves_multiply_up_as_a_walk_through_the_bins_does(curves: Curves) -> None:
    won, lost = np.diff(curves.won), np.diff(curves.lost)
    still_open = 1.0 - curves.won[:, :-1] - curves.lost[:, :-1]
    assert (won + lost <= still_open + 1e-9).all()
    assert (curves.at(0)[:, 0] == 1.0).all()


def test_a_curve_by_hand() -> None:
    won, lost = np.array([[0.5, 0.0, 0.5, 0.0]]), np.array([[0.25, 0.0, 0.5, 1.0]])
    curves = Curves.from_hazards(EDGES, won, lost)
    # open at the edges: 1, 1/4, 1/4, 0, 0
    assert_read(curves.won, [0, 1 / 2, 1 / 2, 5 / 8, 5 / 8])
    assert_read(curves.lost, [0, 1 / 4, 1 / 4, 3 / 8, 3 / 8])
    assert_read(curves.won_by(5.0), [(1 / 2 + 5 / 8) / 2])  # halfway from day 3 to day 7
    assert_read(curves.won_by(99.0), [5 / 8])
    assert_read(curves.close_days(0.4), [0.5])  # 0.4 × 5/8 is a quarter: half of the first bin


def assert_read(found: Array, expected: list[float]) -> None:
    np.testing.assert_allclose(found.ravel(), expected, rtol=0, atol=1e-12)
