"""The hazard model: what it says depends on facts, not on words, order or threads."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.catalogue import Feature
from models.curve import Curves
from models.hazard import HazardModel
from tests.company import SMALL
from training.fit import Fitted


def again(fitted: Fitted, rows: pl.DataFrame, seed: int = 0, threads: int = 2) -> HazardModel:
    """Fit anew on the same snapshots with other rows, seed or threads."""
    sample, settings = replace(fitted.sample, rows=rows), replace(SMALL, threads=threads)
    return HazardModel.fit(sample, fitted.features, fitted.model.edges, settings, seed)


def assert_same(ours: Curves, theirs: Curves) -> None:
    assert (ours.won == theirs.won).all()
    assert (ours.lost == theirs.lost).all()


def test_curves_follow_their_rows(fitted: Fitted) -> None:
    rows = fitted.sample.rows
    order = np.random.default_rng(0).permutation(len(rows))
    straight, shuffled = fitted.model.curves(rows), fitted.model.curves(rows[order])
    assert_same(shuffled, Curves(straight.edges, straight.won[order], straight.lost[order]))
    assert straight.won[:, -1].std() > 0.01  # deals differ, so agreement means something


def test_a_deals_curve_does_not_depend_on_the_company_it_is_in(fitted: Fitted) -> None:
    rows = fitted.sample.rows.tail(20)
    together, alone = fitted.model.curves(rows), fitted.model.curves(rows[3:4])
    assert_same(alone, Curves(together.edges, together.won[3:4], together.lost[3:4]))


def test_renaming_words_changes_nothing(fitted: Fitted) -> None:
    rows, words = fitted.sample.rows, list(fitted.model.encoder.categories)
    renamed = rows.with_columns(pl.concat_str(pl.lit("名:"), word).alias(word) for word in words)
    assert_same(again(fitted, renamed).curves(renamed), fitted.model.curves(rows))


def test_a_column_that_says_nothing_changes_nothing(fitted: Fitted) -> None:
    constant = Feature("constant", "常数", "a constant", "count", "fit")
    rows = fitted.sample.rows.with_columns(constant=pl.lit(7.0))
    sample, edges = replace(fitted.sample, rows=rows), fitted.model.edges
    anew = HazardModel.fit(sample, [*fitted.features, constant], edges, SMALL, seed=0)
    assert_same(anew.curves(rows), fitted.model.curves(rows))


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(fitted: Fitted, threads: int) -> None:
    rows = fitted.sample.rows
    anew = again(fitted, rows, threads=threads)
    assert_same(anew.curves(rows, threads), fitted.model.curves(rows))


def test_another_seed_is_another_model(fitted: Fitted) -> None:
    rows = fitted.sample.rows
    assert (again(fitted, rows, seed=1).curves(rows).won != fitted.model.curves(rows).won).any()


def test_it_beats_its_baseline_on_what_it_was_fitted_on(fitted: Fitted) -> None:
    """Good deals move faster and are called more: a model that sees it must tell them apart."""
    sample = fitted.sample
    seen = sample.seen >= 56
    won = (sample.days <= 56) & (sample.cause == 1)
    said = fitted.model.curves(sample.rows).won_by(56)[seen]
    simple = fitted.baseline.curves(sample.rows).won_by(56)[seen]
    assert np.square(said - won[seen]).mean() < 0.9 * np.square(simple - won[seen]).mean()
