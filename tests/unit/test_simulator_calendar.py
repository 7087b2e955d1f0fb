"""The simulator's calendar and its competing events."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.moments import parse_moment
from data.simulator.calendar import HOLIDAY, WEEKEND, Clock, chinese_new_year, quarter_push, work
from data.simulator.process import competing

# The State Council's holiday notices.
NEW_YEARS = (
    "2015-02-19",
    "2016-02-08",
    "2017-01-28",
    "2018-02-16",
    "2019-02-05",
    "2020-01-25",
    "2021-02-12",
    "2022-02-01",
    "2023-01-22",
    "2024-02-10",
    "2025-01-29",
    "2026-02-17",
    "2027-02-06",
    "2028-01-26",
    "2029-02-13",
    "2030-02-03",
)


def days(*text: str) -> np.ndarray:
    return np.array(text, "datetime64[D]")


def test_chinese_new_year_is_a_day_off_at_most() -> None:
    off = chinese_new_year(np.arange(2015, 2031)) - days(*NEW_YEARS)
    assert np.abs(off.astype(int)).max() <= 1


def test_work_rests_on_weekends_and_holidays() -> None:
    got = work(days("2026-06-15", "2026-06-20", "2025-10-02", "2025-10-08", "2025-01-30"))
    np.testing.assert_allclose(got[:4], [1, WEEKEND, HOLIDAY, 1])
    assert got[4] < HOLIDAY


def test_the_push_comes_at_the_end_of_quarters_and_years() -> None:
    push = quarter_push(days("2026-03-25", "2026-04-02", "2026-05-15", "2026-12-28"))
    assert push[1] < push[2] == 0 < push[0] < push[3]


@pytest.mark.parametrize("step_days", [1, 7])
def test_working_moments_lie_in_working_hours_of_their_step(step_days: int) -> None:
    clock = Clock(parse_moment("2026-06-22"), step_days)
    step = np.repeat(np.arange(5), 200)
    at = clock.working(step, np.random.default_rng(0))
    assert (clock.moment(step) < at).all()
    assert (at < clock.moment(step + 1)).all()
    assert (clock.next_step(at) == step + 1).all()
    hour = at.astype("datetime64[us]").astype("datetime64[h]").astype(int) % 24
    assert set(hour) == set(range(1, 10))
    if step_days == 7:
        assert np.is_busday(at.astype("datetime64[us]").astype("datetime64[D]")).all()


@given(arrays(float, (3, 4), elements=st.floats(0, 20)))
def test_competing_chances_sum_to_one_and_follow_their_rates(rates: np.ndarray) -> None:
    chances = competing(rates)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    np.testing.assert_allclose(chances[:, -1], np.exp(-rates.sum(axis=1)), atol=1e-12)
    np.testing.assert_allclose(
        chances[:, :1] * rates[:, 1:], chances[:, 1:4] * rates[:, :1], atol=1e-12
    )


def test_competing_chances_of_known_rates() -> None:
    # P(first of rates 1 and 3 within a unit) = (1/4, 3/4) of 1 - exp(-4)
    np.testing.assert_allclose(
        competing(np.array([1.0, 3.0])), [0.2454210903, 0.7362632708, 0.0183156389]
    )
