"""Curves: whatever the hazards are, nothing read off them can contradict anything else."""

import numpy as np
import pytest
from hypothesis import given
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


days_ahead = st.floats(0, 400) | st.just(np.inf)


@given(curves(), days_ahead, days_ahead)
def test_chances_only_grow_and_always_sum_to_one(curves: Curves, one: float, other: float) -> None:
    sooner, later = sorted((one, other))
    for read in (curves.won_by, curves.lost_by):
        assert (read(later) >= read(sooner) - 1e-12).all()
    chances = curves.at(later)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=0, atol=1e-9)
    assert (chances > -1e-9).all()


@given(curves(), st.floats(0.01, 1.0))
def test_the_close_date_is_read_off_the_curve(curves: Curves, quantile: float) -> None:
    days = curves.close_days(quantile)
    eventually = curves.won_by(np.inf)
    assert (np.isnan(days) == (eventually == 0)).all()
    for deal in np.flatnonzero(~np.isnan(days)):
        told = curves.won_by(days[deal])[deal]
        assert told == pytest.approx(quantile * eventually[deal], abs=1e-9)


@given(curves(), st.floats(0.01, 1.0))
def test_a_deal_ends_no_earlier_than_it_is_read_to(curves: Curves, quantile: float) -> None:
    days, ends = curves.end_days(quantile), 1.0 - curves.at(np.inf)[:, 0]
    for deal in np.flatnonzero(ends > 0):
        told = 1.0 - curves.at(days[deal])[deal, 0]
        assert told == pytest.approx(quantile * ends[deal], abs=1e-9)


@given(curves(), days_ahead, st.floats(0.01, 1.0))
def test_several_days_and_quantiles_are_read_as_each_by_itself(
    curves: Curves, days: float, quantile: float
) -> None:
    for read, asked in (
        (curves.won_by, (days, 0.0, np.inf)),
        (curves.lost_by, (days, 1.0, np.inf)),
        (curves.close_days, (quantile, 0.5)),
        (curves.end_days, (quantile, 0.5)),
    ):
        at_once = read(np.array(asked)[:, None])
        np.testing.assert_array_equal(at_once, [read(one) for one in asked])


def test_beyond_the_last_edge_its_hazards_go_on() -> None:
    long = Curves.from_hazards(np.arange(60) * 7.0, np.full((1, 59), 0.1), np.full((1, 59), 0.05))
    short = Curves.from_hazards(np.arange(4) * 7.0, np.full((1, 3), 0.1), np.full((1, 3), 0.05))
    for days in (7.0, 21.0, 28.0, 70.0, 413.0):
        np.testing.assert_allclose(short.at(days), long.at(days), rtol=0, atol=1e-12)
    assert_read(short.won_by(np.inf), [2 / 3])
    assert_read(short.close_days(0.9), [float(long.close_days(0.9)[0])], 0.6)


def test_without_dates_only_the_end_is_known() -> None:
    curves = Curves.undated(np.array([0.25, 1.0]))
    assert_read(curves.at(np.inf), [0, 0.25, 0.75, 0, 1, 0])
    assert np.isnan(curves.won_by(28)).all()
    assert np.isnan(curves.close_days(0.5)).all()


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
    assert_read(curves.won_by(99.0), [5 / 8])  # nothing is open any more
    assert_read(curves.close_days(0.4), [0.5])  # 0.4 × 5/8 is a quarter: half of the first bin


def assert_read(found: Array, expected: list[float], atol: float = 1e-12) -> None:
    np.testing.assert_allclose(found.ravel(), expected, rtol=0, atol=atol)


def test_a_sum_above_one_by_a_rounding_goes_on_as_one() -> None:
    won, lost = np.array([[0.0, 0.2, 0.3]]), np.array([[0.0, 0.3, 0.7 + 4e-16]])
    over = Curves(np.array([0.0, 7.0, 28.0]), won, lost)
    assert over.won[0, -1] + over.lost[0, -1] > 1
    assert over.won_by(35.5)[0] == over.won_by(np.inf)[0] == pytest.approx(0.3)
