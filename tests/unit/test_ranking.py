"""Gains and lists by hand; AUC against the rank statistic of scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from training.metrics import Draws
from training.metrics.ranking import at_capacity, auc, gains


def test_auc_is_the_rank_statistic() -> None:
    rng = np.random.default_rng(0)
    said, came = rng.integers(0, 20, 300) / 20, rng.integers(0, 2, 300)
    statistic = mannwhitneyu(said[came == 1], said[came == 0]).statistic
    assert auc(said, came) == pytest.approx(statistic / (came.sum() * (1 - came).sum()))
    assert np.isnan(auc(said, np.zeros(300)))


def test_gains_by_hand() -> None:
    """The first of the list is worth 6 of 10; the next two are alike and share 4."""
    said, value = np.array([0.2, 0.9, 0.5, 0.5]), np.array([0.0, 6.0, 4.0, 0.0])
    assert gains(said, value) == pytest.approx([0.0, 0.6, 0.8, 1.0, 1.0])


@given(st.permutations(range(6)))
def test_gains_do_not_hang_on_the_order_of_rows(order: list[int]) -> None:
    said, value = np.array([0.1, 0.3, 0.3, 0.3, 0.8, 0.8]), np.array([1, 0, 2, 0, 3, 0.0])
    assert gains(said[order], value[order]) == pytest.approx(gains(said, value))


def test_what_finds_nothing_gains_nothing() -> None:
    assert gains(np.array([0.1, 0.2]), np.zeros(2)).tolist() == [0.0, 0.0, 0.0]


def test_lists_by_hand() -> None:
    """Two sellers with room for two: of five deals four are listed, two of three wins, 9 of 10."""
    found = at_capacity(
        said=np.array([0.9, 0.5, 0.4, 0.2, 0.1]),
        won=np.array([True, False, True, False, True]),
        value=np.array([4.0, 7.0, 1.0, 7.0, 5.0]),
        lists=np.array(["a", "a", "a", "b", "b"]),
        groups=np.arange(5),
        draws=Draws(np.arange(5)),
        per_list=2,
    )
    assert found.listed == pytest.approx(4 / 5)
    assert found.precision.mean == pytest.approx(2 / 4)
    assert found.found.mean == pytest.approx(2 / 3)
    assert found.found_value.mean == pytest.approx(9 / 10)
