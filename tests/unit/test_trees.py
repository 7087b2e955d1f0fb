"""Trees walked with many rows at once say what LightGBM says of each row, to the last bit."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import BadInput
from models.boosting import Bag
from models.curve import Array
from models.trees import Trees

NUMBERS, WORDS = 4, 2
"""Columns of each kind; the last number and the last word move within a run."""
STILL = [0, 1, 2, 4]
MOVING = [3, 5]
MOST_WORDS = 70  # a set of them takes three numbers of 32 bits


def made_rows(rng: np.random.Generator, rows: int, gaps: float) -> Array:
    """Return numbers with few values, so that some are just a limit, and codes of words."""
    numbers = np.round(rng.normal(0, 2, (rows, NUMBERS)), 1)
    words = rng.integers(-1, MOST_WORDS + 10, (rows, WORDS)).astype(float)
    told = np.hstack([numbers, words])
    told[rng.random(told.shape) < gaps] = np.nan
    return told


def booster_of(rows: Array, rng: np.random.Generator, **more: Any) -> lgb.Booster:
    words = rows[:, NUMBERS:]
    heights = rng.normal(0, 2, MOST_WORDS + 12)
    odds = np.nan_to_num(rows[:, 0] - rows[:, 3]) + heights[np.nan_to_num(words).astype(int)].sum(1)
    target = (rng.random(len(rows)) < 1 / (1 + np.exp(-odds))).astype(float)
    parameters = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}
    parameters |= {"min_data_per_group": 5, "cat_smooth": 1.0, "max_cat_threshold": 64} | more
    learned = lgb.Dataset(rows, target, categorical_feature=[NUMBERS, NUMBERS + 1])
    return lgb.train(parameters, learned, 20)


def boosters(gaps: float) -> tuple[lgb.Booster, ...]:
    rng = np.random.default_rng(int(gaps * 10))
    return tuple(booster_of(made_rows(rng, 2_000, gaps), rng) for _ in range(2))


WHOLE, GAPPY = boosters(0.0), boosters(0.3)


def told(one: lgb.Booster, rows: Array) -> Array:
    scores: Array = one.predict(rows, raw_score=True, num_threads=1)
    return scores


def runs(rng: np.random.Generator, runs: int, alike: int, gaps: float) -> Array:
    """Return runs of rows that differ in MOVING alone, with STILL before them."""
    rows = made_rows(rng, runs * alike, gaps)
    rows[:, STILL] = np.repeat(rows[::alike, STILL], alike, axis=0)
    return rows


@pytest.mark.parametrize("learned", [WHOLE, GAPPY], ids=["nothing missing", "gaps"])
@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), gaps=st.sampled_from([0.0, 0.3]))
def test_a_row_scores_as_lightgbm_says(
    learned: tuple[lgb.Booster, ...], seed: int, gaps: float
) -> None:
    rows = made_rows(np.random.default_rng(seed), 50, gaps)
    assert (Trees.of(learned[:1]).predict(rows, 0, 1) == told(learned[0], rows)).all()


@pytest.mark.parametrize("learned", [WHOLE, GAPPY], ids=["nothing missing", "gaps"])
@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    alike=st.sampled_from([2, 12, 63, 64, 67, 100, 128]),
    threads=st.integers(1, 3),
    moving=st.permutations(MOVING),
)
def test_a_run_of_rows_scores_as_each_of_them(
    learned: tuple[lgb.Booster, ...], seed: int, alike: int, threads: int, moving: list[int]
) -> None:
    """The columns that move come last, words among them, wherever the boosters have them."""
    rows = runs(np.random.default_rng(seed), 3, alike, 0.2)
    columns = [*STILL, *moving]
    scores = turned(learned[1], columns).predict(rows[:, columns], len(STILL), alike, threads)
    assert (scores == told(learned[1], rows)).all()


def turned(booster: lgb.Booster, columns: list[int]) -> Trees:
    """Return the trees of a booster for rows whose columns stand in another order."""
    trees, place = Trees.of([booster]), np.argsort(columns)
    return trees._replace(column=place[trees.column].astype(trees.column.dtype))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_so_do_more_runs_than_go_down_together(threads: int) -> None:
    rows, columns = runs(np.random.default_rng(0), 1_203, 3, 0.2), [*STILL, *MOVING]
    scores = turned(GAPPY[0], columns).predict(rows[:, columns], len(STILL), 3, threads)
    assert (scores == told(GAPPY[0], rows)).all()


def test_a_bag_is_the_mean_of_its_boosters() -> None:
    rows = made_rows(np.random.default_rng(7), 40, 0.3)
    mean = np.mean([told(one, rows) for one in GAPPY], axis=0)
    np.testing.assert_allclose(Bag(GAPPY, 0.5).predict(rows), mean + 0.5, rtol=1e-12)


def test_trees_that_never_split_and_no_rows() -> None:
    rng = np.random.default_rng(3)
    rows = made_rows(rng, 100, 0.0)
    stump = booster_of(rows, rng, min_data_in_leaf=80)
    assert (Trees.of([stump]).predict(rows, 0, 1) == told(stump, rows)).all()
    assert Trees.of(WHOLE).predict(rows[:0], 2, 12).shape == (0,)


@pytest.mark.parametrize("setting", ["zero_as_missing", "linear_tree"])
def test_a_setting_that_is_not_walked_is_refused(setting: str) -> None:
    rng = np.random.default_rng(5)
    rows = made_rows(rng, 500, 0.3)
    rows[rng.random(rows.shape) < 0.3] = 0.0
    with pytest.raises(BadInput, match=setting):
        Trees.of([booster_of(rows, rng, **{setting: True})])


def compiled(**environment: str) -> None:
    """Import the walk in a process of its own, which compiles or loads it, and use it."""
    program = (
        "import numpy as np, lightgbm as lgb; from models.trees import Trees;"
        "rows = np.arange(40.0)[:, None];"
        "one = lgb.train({'verbose': -1, 'min_data_in_leaf': 5}, lgb.Dataset(rows, rows[:, 0]), 3);"
        "assert (Trees.of([one]).predict(rows, 0, 1) == one.predict(rows, raw_score=True)).all()"
    )
    command = [sys.executable, "-c", program]
    subprocess.run(command, env=os.environ | environment, check=True)


def test_where_nothing_can_be_kept_it_is_compiled_anew() -> None:
    """As in a service that may write neither beside the program nor in a home of its own."""
    compiled(NUMBA_CACHE_LOCATOR_CLASSES="ZipCacheLocator")


def test_what_was_kept_and_is_damaged_is_compiled_anew(tmp_path: Path) -> None:
    """As a power cut may leave it: files that are there and empty."""
    compiled(NUMBA_CACHE_DIR=str(tmp_path))
    for kept in (".nbi", ".nbc"):
        (file,) = tmp_path.rglob(f"*{kept}")
        assert file.stat().st_size > 0
        file.write_bytes(b"")
        compiled(NUMBA_CACHE_DIR=str(tmp_path))
