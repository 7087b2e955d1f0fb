"""Close dates: the loss of scikit-learn, and ranges that cover what they say."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import mean_pinball_loss

from models.curve import LOST, OPEN, WON, Curves
from models.sample import Sample
from training.metrics import Draws
from training.metrics.closing import Dates, covered, pinball

EDGES = np.arange(0.0, 401.0, 2.0)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_the_pinball_loss_is_that_of_scikit_learn(quantile: float) -> None:
    rng = np.random.default_rng(0)
    days, said = rng.exponential(size=100), rng.exponential(size=100)
    expected = mean_pinball_loss(days, said, alpha=quantile)
    assert pinball(days, said, quantile).mean() == pytest.approx(expected)


def true_world(seen: float, deals: int = 4000) -> tuple[Sample, Curves]:
    """Deals of different pace that close with constant hazards, won three times of ten."""
    rng = np.random.default_rng(1)
    rate = rng.choice([1 / 20, 1 / 60], deals)
    days = rng.exponential(1 / rate)
    cause = np.where(rng.random(deals) < 0.3, WON, LOST)
    cause, known = np.where(days <= seen, cause, OPEN), np.where(days <= seen, days, np.inf)
    sample = Sample(
        pl.DataFrame({"n": range(deals)}), known, cause, np.full(deals, seen), np.arange(deals)
    )
    closed = 1 - np.exp(-rate[:, None] * EDGES)
    return sample, Curves(EDGES, 0.3 * closed, 0.7 * closed)


@pytest.mark.parametrize("event", ["won", "closed"])
def test_the_truth_covers_what_it_says_however_little_is_seen(event: str) -> None:
    sample, truth = true_world(seen=12)
    dates = Dates.of(sample, truth, truth, event)  # type: ignore[arg-type]
    assert dates.still_open / dates.deals > 0.3
    for level, found in dates.coverage(Draws(sample.groups)).items():
        assert found.mean == pytest.approx(level / 100, abs=0.05), level
    shown = covered(dates.days, dates.shown).mean()
    assert shown < 0.75  # late closings are missing, so that the whole range misleads


def test_where_all_is_seen_the_range_is_the_one_shown() -> None:
    sample, truth = true_world(seen=2000)
    dates = Dates.of(sample, truth, truth, "won")
    assert dates.still_open == 0
    assert dates.ranges[80] == pytest.approx(dates.shown, rel=1e-6)
    assert covered(dates.days, dates.shown).mean() == pytest.approx(0.8, abs=0.04)


def test_ranges_that_are_too_narrow_are_found_out() -> None:
    sample, truth = true_world(seen=60)
    steep = np.repeat([[0.0, 0.5, 0.5]], len(sample), axis=0)  # all at once, within two days
    narrow = Curves(np.array([0.0, 2.0, 400.0]), steep * 0.6, steep * 1.4)
    coverage = Dates.of(sample, narrow, truth, "won").coverage(Draws(sample.groups))
    assert coverage[80].high < 0.2


def test_the_truth_loses_least() -> None:
    sample, truth = true_world(seen=60)
    mean = Curves(
        EDGES,
        np.tile(truth.won.mean(axis=0), (len(sample), 1)),
        np.tile(truth.lost.mean(axis=0), (len(sample), 1)),
    )
    dates = Dates.of(sample, truth, mean, "won")
    assert dates.loss.mean() < dates.loss_baseline.mean()


def test_no_chance_at_all_is_a_date_at_the_end_of_what_is_seen() -> None:
    sample = Sample(
        pl.DataFrame({"n": [0]}), np.array([3.0]), np.array([WON]), np.array([10.0]), np.arange(1)
    )
    never = Curves(np.array([0.0, 10.0]), np.zeros((1, 2)), np.array([[0.0, 0.5]]))
    dates = Dates.of(sample, never, never, "won")
    assert dates.loss[0] == pytest.approx(7 * (0.9 + 0.5 + 0.1) / 3)
    assert covered(dates.days, dates.shown)[0] == 0


def test_origins_are_put_together() -> None:
    parts = [Dates.of(*true_world(seen), true_world(seen)[1], "won") for seen in (30.0, 60.0)]
    both = Dates.concat(parts)
    assert len(both.days) == len(parts[0].days) + len(parts[1].days)
    assert both.deals == 8000
    assert both.ranges[80][-1].tolist() == parts[1].ranges[80][-1].tolist()
