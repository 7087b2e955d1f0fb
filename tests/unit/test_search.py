"""Search: the same seed tries the same, and what is found is never worse where it was sought."""

from dataclasses import replace

import numpy as np
import pytest

from data.errors import BadInput
from features.pace import Pace
from models.sample import Sample
from tests.company import SMALL
from training.fit import Fitted
from training.search import Found, search

FIRST = replace(SMALL, rounds=20, rows_per_booster=2_000)


def found(fitted: Fitted, sample: Sample, trials: int) -> Found:
    given = replace(fitted, sample=sample, pace=Pace.of(7, (7, 28)))
    return search(given, FIRST, 0, seconds=600, trials=trials)


def test_what_stands_is_the_first_trial(fitted: Fitted) -> None:
    only = found(fitted, fitted.sample, trials=1)
    assert only.settings == replace(FIRST, half_life_days=None)
    assert only.log_loss == only.log_loss_before


def test_what_is_found_is_no_worse_and_the_same_again(fitted: Fitted) -> None:
    one = found(fitted, fitted.sample, trials=3)
    assert one.trials == 3
    assert one.log_loss <= one.log_loss_before
    assert found(fitted, fitted.sample, trials=3) == one


def test_the_search_does_not_see_what_came_after_the_data(fitted: Fitted) -> None:
    """Outcomes beyond what is seen are not there to be looked up."""
    sample = fitted.sample
    beyond = sample.days > sample.seen
    changed = replace(
        sample,
        days=np.where(beyond, sample.seen + 1.0, sample.days),
        cause=np.where(beyond, 1, sample.cause),
    )
    assert beyond.any()
    assert found(fitted, changed, trials=1).log_loss == pytest.approx(
        found(fitted, sample, trials=1).log_loss, abs=1e-12
    )


def test_without_dates_there_is_nothing_to_search_on(fitted: Fitted) -> None:
    undated = replace(fitted, pipeline=fitted.pipeline.model_copy(update={"dated": False}))
    with pytest.raises(BadInput, match="rolling origins"):
        search(undated, FIRST, 0, seconds=1)
