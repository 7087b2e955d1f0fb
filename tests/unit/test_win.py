"""The model of records without dates: laws, and what little history does to it."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit

from features.catalogue import Feature
from models.boosting import Settings
from models.curve import LOST, WON, Curves
from models.reasons import explain
from models.sample import Sample
from models.usual import Usual
from models.win import WinModel

FEATURES = [
    Feature("size", "规模", "size", "count", "fit"),
    Feature("noise", "噪声", "noise", "count", "fit"),
    Feature("source", "来源", "source", "", "fit", kind="category"),
]
SMALL = Settings(folds=2)
EFFECT = {"fair": 1.0, "mail": -1.0, "web": 0.0}


def truth(rows: pl.DataFrame) -> np.ndarray:
    source = rows["source"].replace_strict(EFFECT).to_numpy()
    return expit(rows["size"].to_numpy() + source - 0.5)


def records(n: int = 2000, seed: int = 0) -> Sample:
    """Records whose true probability is known."""
    rng = np.random.default_rng(seed)
    rows = pl.DataFrame(
        {
            "deal_id": [f"r{i}" for i in range(n)],
            "as_of": np.arange(n),
            "size": rng.normal(size=n),
            "noise": rng.normal(size=n),
            "source": rng.choice(list(EFFECT), n),
        }
    )
    cause = np.where(rng.random(n) < truth(rows), WON, LOST)
    never = np.full(n, np.inf)
    return Sample(rows, np.full(n, 1e-6), cause, never, rows["deal_id"].to_numpy())


SAMPLE = records()


@pytest.fixture(scope="module")
def model() -> WinModel:
    return fitted(SAMPLE)


def fitted(sample: Sample, features: list[Feature] = FEATURES, **settings: int) -> WinModel:
    return WinModel.fit(sample, features, replace(SMALL, **settings), seed=0)


def p_won(model: WinModel, rows: pl.DataFrame) -> np.ndarray:
    return model.curves(rows).won_by(np.inf)


def test_it_says_who_and_not_when(model: WinModel) -> None:
    curves = model.curves(SAMPLE.rows)
    assert not curves.dated
    assert np.isnan(curves.won_by(30.0)).all()
    assert curves.at(np.inf).sum(axis=1) == pytest.approx(1.0, abs=1e-9)
    assert len(model.curves(SAMPLE.rows.head(0))) == 0


def test_it_is_fitted_here_although_there_is_a_cluster(model: WinModel) -> None:
    """No cluster stops early; nobody listens at this address, so nobody may be asked."""
    settings = replace(SMALL, cluster="tcp://127.0.0.1:9")
    here = WinModel.fit(SAMPLE, FEATURES, settings, seed=0)
    assert (p_won(here, SAMPLE.rows) == p_won(model, SAMPLE.rows)).all()


def test_it_comes_near_the_truth_of_records_it_has_not_seen(model: WinModel) -> None:
    later = records(4000, seed=1)
    said, true, won = p_won(model, later.rows), truth(later.rows), later.cause == WON
    assert np.abs(said - true).mean() < 0.06
    assert said.sum() / true.sum() == pytest.approx(1.0, abs=0.05)

    def loss(p: np.ndarray) -> float:
        return float(-np.log(np.where(won, p, 1 - p)).mean())

    base = loss(np.full(len(won), won.mean()))
    assert loss(true) < loss(said) < base - 0.9 * (base - loss(true))


def test_words_order_threads_and_constants_change_nothing(model: WinModel) -> None:
    rows, said = SAMPLE.rows, p_won(model, SAMPLE.rows)
    order = np.random.default_rng(0).permutation(len(rows))
    assert (p_won(model, rows[order]) == said[order]).all()
    renamed = rows.with_columns(pl.concat_str(pl.lit("名:"), "source").alias("source"))
    assert (p_won(fitted(replace(SAMPLE, rows=renamed)), renamed) == said).all()
    assert (p_won(fitted(SAMPLE, threads=1), rows) == said).all()
    constant = Feature("constant", "常数", "a constant", "count", "fit")
    more = rows.with_columns(constant=pl.lit(7.0))
    anew = fitted(replace(SAMPLE, rows=more), [*FEATURES, constant])
    assert (p_won(anew, more) == said).all()


def test_a_declared_direction_is_kept() -> None:
    falling = [replace(FEATURES[0], direction=-1), *FEATURES[1:]]
    rows = (
        SAMPLE.rows.head(1)
        .select(pl.exclude("size"))
        .join(pl.DataFrame({"size": np.linspace(-3, 3, 50)}), how="cross")
    )
    assert (np.diff(p_won(fitted(SAMPLE, falling), rows)) <= 0).all()
    assert (np.diff(p_won(fitted(SAMPLE), rows)) > 0).any()


def test_with_little_history_records_are_told_less_apart() -> None:
    """And where nothing is to be learned, hardly at all."""
    few, many = records(90), records(4000)
    spread = {n: logit(p_won(fitted(s), many.rows)).std() for n, s in ((90, few), (4000, many))}
    assert spread[90] < 0.75 * spread[4000]
    coin = np.random.default_rng(3).permutation(few.cause)
    assert logit(p_won(fitted(replace(few, cause=coin)), many.rows)).std() < 0.25


def test_reasons_are_told_by_what_moves_it(model: WinModel) -> None:
    rows = SAMPLE.rows.with_columns(stage=pl.lit(None, pl.String))
    asked = rows.head(1).with_columns(size=pl.lit(2.5), source=pl.lit("web"))
    (told,) = explain(
        model, FEATURES, Usual.learn(replace(SAMPLE, rows=rows), FEATURES), asked, np.inf
    )
    assert told.reasons[0].feature == "size"
    assert told.reasons[0].effect > 0.5
    assert set(told.parts) == {"fit"}


def test_what_is_written_is_read_again(model: WinModel) -> None:
    boosters = {name: bag.boosters for name, bag in model.bags.items()}
    again = WinModel.from_dict(model.to_dict(), boosters)
    ours, theirs = model.curves(SAMPLE.rows), again.curves(SAMPLE.rows)
    assert isinstance(ours, Curves)
    assert (ours.won == theirs.won).all()
