"""The amount at close: right in sum, of the amounts' own scale, never far from what was seen."""

from dataclasses import replace

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.contract import Pipeline
from data.moments import DAY
from data.records import normalise
from data.tables import lazy_tables
from features.catalogue import Feature
from features.held import amounts_at_closing
from models.amount import LEAST_DEALS, AmountModel, current
from models.boosting import Settings
from models.curve import LOST, WON, Array
from models.sample import Sample
from training.matrix import final_amounts

SETTINGS = Settings(folds=2, rounds=200, booster=Settings().booster | {"min_data_in_leaf": 10})
FEATURES = [
    Feature("amount", "金额", "amount", "money", "fit"),
    Feature("product", "产品", "product", "", "fit", kind="category"),
]


def won_deals(deals: int, seed: int = 0) -> tuple[Sample, Array]:
    """Make deals whose final amount is half of the first for pumps, half more for valves.

    The log-ratio varies by a normal with sigma .5, so a mean is exp(.125) = 1.133 medians.
    """
    rng = np.random.default_rng(seed)
    product, amount = rng.choice(["pump", "valve"], deals), np.exp(rng.normal(8, 1, deals))
    median = np.where(product == "pump", 0.5, 1.5)
    ids = [f"d{number}" for number in range(deals)]
    return sample_of(ids, amount, product), amount * median * np.exp(rng.normal(0, 0.5, deals))


def sample_of(ids: list[str], amount: Array, product: np.ndarray | str = "pump") -> Sample:
    rows = pl.DataFrame({"deal_id": ids, "amount": amount}).with_columns(
        product=pl.Series(np.broadcast_to(product, len(ids)))
    )
    ones = np.ones(len(ids))
    return Sample(rows, ones, np.full(len(ids), WON), 2 * ones, np.array(ids))


def fitted(sample: Sample, final: Array, settings: Settings = SETTINGS) -> AmountModel:
    return AmountModel.fit(sample, final, FEATURES, settings, seed=0)


@pytest.fixture(scope="module")
def model() -> AmountModel:
    return fitted(*won_deals(1500))


def test_it_is_fitted_here_although_there_is_a_cluster(model: AmountModel) -> None:
    """No cluster stops early; nobody listens at this address, so nobody may be asked."""
    sample, final = won_deals(1500)
    here = fitted(sample, final, replace(SETTINGS, cluster="tcp://127.0.0.1:9"))
    assert (here.expected(sample.rows) == model.expected(sample.rows)).all()


def test_sums_are_right_and_kinds_are_told_apart(model: AmountModel) -> None:
    sample, final = won_deals(4000, seed=1)
    expected, amount = model.expected(sample.rows), current(sample.rows)
    for product, mean in (("pump", 0.5 * np.exp(0.125)), ("valve", 1.5 * np.exp(0.125))):
        rows = (sample.rows["product"] == product).to_numpy()
        assert np.median(expected[rows] / amount[rows]) == pytest.approx(mean, rel=0.06)
        assert expected[rows].sum() / final[rows].sum() == pytest.approx(1, abs=0.08)


def test_what_was_expected_is_the_mean_of_what_may_come(model: AmountModel) -> None:
    assert model.spread.mean() == pytest.approx(1)
    # the quantiles of a log-normal of sigma .5 by its mean, but for the clipping at the ends
    assert np.median(model.spread) == pytest.approx(np.exp(-0.125), rel=0.05)
    assert model.spread[10] == pytest.approx(np.exp(-0.5 * 1.2536 - 0.125), rel=0.08)


@pytest.mark.parametrize("scale", [2.0, 0.5, 1024.0])
@pytest.mark.parametrize("deals", [LEAST_DEALS - 1, 400])
def test_amounts_in_another_unit_give_the_same_in_that_unit(scale: float, deals: int) -> None:
    sample, final = won_deals(deals)
    scaled = replace(sample, rows=sample.rows.with_columns(pl.col("amount") * scale))
    one, other = fitted(sample, final), fitted(scaled, final * scale)
    assert (one.bag is None) == (deals < LEAST_DEALS)
    assert other.expected(scaled.rows) == pytest.approx(scale * one.expected(sample.rows))


@given(ratios=st.lists(st.floats(0.1, 10), min_size=1, max_size=50), amount=st.floats(0.01, 1e9))
def test_with_few_deals_one_ratio_within_those_seen_does_for_all(
    ratios: list[float], amount: float
) -> None:
    ids = [f"d{number}" for number in range(len(ratios))]
    sample = sample_of(ids, np.full(len(ratios), 10.0))
    model = fitted(sample, 10.0 * np.array(ratios))
    assert model.bag is None
    (told,) = model.expected(pl.DataFrame({"amount": [amount], "product": ["pump"]}))
    assert min(ratios) * (1 - 1e-9) <= told / amount <= max(ratios) * (1 + 1e-9)
    if len(set(ratios)) == 1:
        assert told == pytest.approx(amount * ratios[0])


def test_one_ratio_for_all_is_their_mean() -> None:
    """Of 101 deals half are won at half the amount and half at double; one brings the same."""
    ratios = np.repeat([0.5, 1.0, 2.0], [50, 1, 50])
    model = fitted(sample_of([f"d{n}" for n in range(101)], np.ones(101)), ratios)
    rows = pl.DataFrame({"amount": [100.0], "product": ["valve"]})
    assert model.expected(rows) == pytest.approx(125.0, abs=0.5)


def test_a_deal_without_an_amount_is_told_none(model: AmountModel) -> None:
    rows = pl.DataFrame({"amount": [None, 0.0, 5.0], "product": ["pump"] * 3})
    told = model.expected(rows)
    assert np.isnan(told[0])
    assert told[1] == 0.0
    assert told[2] > 0


def test_a_slip_of_the_pen_moves_nothing_far() -> None:
    sample, final = won_deals(1500)
    slipped = np.where(np.arange(1500) == 7, 1e9 * final, final)
    honest, other = fitted(sample, final), fitted(sample, slipped)
    assert other.most == pytest.approx(honest.most, rel=0.05)
    assert other.expected(sample.rows).sum() == pytest.approx(
        honest.expected(sample.rows).sum(), rel=0.02
    )


def test_only_deals_won_with_an_amount_before_and_after_teach() -> None:
    sample, final = won_deals(150)
    lost, open_still = sample.take(np.arange(100, 120)), sample.take(np.arange(120, 140))
    rows = pl.concat([sample.take(np.arange(100)).rows, lost.rows, open_still.rows])
    ones = np.ones(140)
    cause = np.repeat([WON, LOST, WON], [100, 20, 20])  # the last are won after what is seen
    days = np.repeat([1.0, 1.0, 9.0], [100, 20, 20])
    mixed = Sample(rows, days, cause, 2 * ones, sample.groups[:140])
    plain = fitted(sample.take(np.arange(100)), final[:100])
    assert fitted(mixed, final[:140] * np.repeat([1, 7], [100, 40])).errors.tolist() == (
        plain.errors.tolist()
    )


def test_nothing_won_leaves_amounts_as_they_are() -> None:
    sample, final = won_deals(5)
    model = fitted(sample.take(np.arange(0)), final[:0])
    assert (model.expected(sample.rows) == current(sample.rows)).all()
    assert model.spread.tolist() == [1.0]


def test_the_number_of_threads_changes_nothing(model: AmountModel) -> None:
    alone = fitted(*won_deals(1500), replace(SETTINGS, threads=1))
    rows = won_deals(50, seed=2)[0].rows
    assert (alone.expected(rows) == model.expected(rows)).all()


def test_what_is_written_is_read_back(model: AmountModel) -> None:
    bags = {
        name: tuple(lgb.Booster(model_str=one.model_to_string()) for one in bag.boosters)
        for name, bag in model.bags.items()
    }
    again = AmountModel.from_dict(model.to_dict(), bags)
    rows = won_deals(50, seed=2)[0].rows
    assert (again.expected(rows) == model.expected(rows)).all()


def test_the_final_amount_is_that_at_closing_and_never_a_later_edit() -> None:
    """Three deals closed on day 10; edits on days 5, 10 and 11, and one on 11 that speaks of 9."""
    day, facts = DAY, [("a", 5, 5, "50"), ("a", 11, 11, "999"), ("b", 9, 11, "999")]
    closed = {"closed_at": 10 * day, "created_at": 0}
    deals = [{"deal_id": name, "outcome": "won", **closed} for name in "abc"]
    changes = [
        {"deal_id": name, "field": "amount", "at": at * day, "recorded_at": learned * day,
         "value": value}
        for name, at, learned, value in [*((n, 0, 0, "100") for n in "ab"), *facts]
    ]  # fmt: skip
    raw = {"deals": pl.DataFrame(deals), "changes": pl.DataFrame(changes)}
    tables = lazy_tables(normalise(raw, Pipeline(name="p")).frames, Pipeline(name="p"))
    told = dict(amounts_at_closing(tables).sort("deal_id").iter_rows())
    assert told == {"a": 50.0, "b": 100.0, "c": None}
    rows = pl.DataFrame({"deal_id": ["b", "c", "a", "b"]})
    assert final_amounts(rows, tables) == pytest.approx([100, np.nan, 50, 100], nan_ok=True)
    before = tables.known_by(10 * day - 1)
    assert np.isnan(final_amounts(rows, before)).all()
