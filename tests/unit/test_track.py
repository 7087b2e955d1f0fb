"""Track records: how much they vary beyond chance decides how far a few closings are believed."""

import numpy as np
import polars as pl
import pytest

from features.track import KEYS, strengths


def counts(won: np.ndarray, closed: np.ndarray) -> pl.DataFrame:
    keys = [f"o{n}" for n in range(len(won))]
    return pl.DataFrame({"of": "owner", "key": keys, "won": won, "closed": closed})


def test_the_strength_is_that_of_the_beta_the_shares_were_drawn_from() -> None:
    rng = np.random.default_rng(0)
    closed = rng.integers(20, 200, 2000)
    won = rng.binomial(closed, rng.beta(0.3 * 25, 0.7 * 25, 2000))  # mean .3, strength 25
    assert dict(strengths(counts(won, closed)))["owner"] == pytest.approx(25, rel=0.1)


def test_where_all_are_alike_nobodys_record_counts() -> None:
    rng = np.random.default_rng(0)
    closed = np.full(500, 50)
    assert dict(strengths(counts(rng.binomial(closed, 0.3), closed)))["owner"] > 300


@pytest.mark.parametrize(("won", "closed"), [([], []), ([3], [5]), ([0, 0], [4, 9])])
def test_without_enough_to_compare_nobody_is_told_apart(won: list[int], closed: list[int]) -> None:
    table = counts(np.array(won, dtype=np.int64), np.array(closed, dtype=np.int64))
    assert strengths(table) == tuple((of, 1000.0) for of in KEYS if of != "all")
