"""Figures at one horizon, by hand."""

import json

import numpy as np
import polars as pl
import pytest

from models.curve import LOST, OPEN, WON
from training.forecasts import MODEL, STAGE, Forecasts
from training.judged import judge
from training.metrics import Draws


def forecasts(names: tuple[str, ...] = (MODEL, STAGE)) -> Forecasts:
    """Three deals, won, lost and open, of which the same was said."""
    said = {
        MODEL: np.tile([0.25, 0.5, 0.25], (3, 1)),
        STAGE: np.tile([0.5, 0.25, 0.25], (3, 1)),
        "other": np.tile([0.2, 0.4, 0.4], (3, 1)),
    }
    deals = pl.DataFrame(
        {"as_of": [1] * 3, "owner_id": ["a", None, "a"], "amount": [1.0, None, 5.0]}
    )
    outcome = np.array([WON, LOST, OPEN])
    return Forecasts(28, {n: said[n] for n in names}, outcome, np.arange(3), deals)


def test_judged_by_hand() -> None:
    one = judge(forecasts((MODEL, STAGE, "other")), Draws(np.arange(3)))
    assert (one.open_deals, one.won_actual, one.lost_actual) == (3, 1, 1)
    assert one.log_loss == pytest.approx(np.log(2 * 4 * 4) / 3)
    assert one.log_loss_baseline == pytest.approx(np.log(4 * 4 * 2) / 3)
    assert one.log_loss_saved.mean == pytest.approx(one.log_loss - one.log_loss_baseline)
    assert one.baselines[STAGE].log_loss == one.log_loss_baseline
    assert one.baselines[STAGE].brier == one.brier_baseline
    other = one.baselines["other"]
    assert other.log_loss == pytest.approx(np.log(2.5 * 2.5 * 5) / 3)
    # (.2² + .6² + .4²) for the won and for the lost deal, (.8² + .4² + .4²) for the open one
    assert other.brier == pytest.approx((0.56 + 0.56 + 0.96) / 3)
    assert other.auc == 0.5
    assert (one.won_expected, one.lost_expected) == (1.5, 0.75)
    assert one.won_ratio.mean == pytest.approx(1.5)
    assert one.lost_ratio.mean == pytest.approx(0.75)
    assert one.auc == pytest.approx(0.5)


def test_figures_are_fit_for_json_also_where_nothing_came() -> None:
    found = judge(forecasts().take(np.array([2])), Draws(np.arange(3))).to_dict()
    assert found["won_ratio"] == {"mean": None, "low": None, "high": None}
    assert found["auc"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_origins_pool_by_deal() -> None:
    """Who was silent at one origin is left out of all."""
    first, second = forecasts((MODEL, STAGE, "other")), forecasts().take(np.array([0]))
    both = Forecasts.concat([first, second])
    assert list(both.said) == [MODEL, STAGE]
    one = judge(both, Draws(both.groups))
    assert (one.open_deals, one.won_actual) == (4, 2)
    assert one.log_loss == pytest.approx(np.log(2 * 4 * 4 * 2) / 4)


def test_an_unknown_amount_is_the_median_and_no_owner_an_owner_of_its_own() -> None:
    assert forecasts().amounts.tolist() == [1.0, 3.0, 5.0]
    lists = forecasts().lists.tolist()
    assert lists[0] == lists[2] != lists[1]
