"""The forecast of a period, against every outcome counted out."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.insights.forecast import bookings


def exact_quantile(p: list[float], amount: list[float], quantile: float) -> float:
    """Enumerate who is won: 2^n totals with their probabilities."""
    outcomes = [
        (
            sum(a for a, won in zip(amount, wins, strict=True) if won),
            float(np.prod([q if won else 1 - q for q, won in zip(p, wins, strict=True)])),
        )
        for wins in product((False, True), repeat=len(p))
    ]
    totals, weights = map(np.array, zip(*sorted(outcomes), strict=True))
    return float(totals[np.searchsorted(np.cumsum(weights), quantile)])


def test_percentiles_are_those_of_every_outcome_counted_out() -> None:
    p, amount = [0.9, 0.5, 0.3, 0.2, 0.65, 0.4], [10.0, 25.0, 40.0, 85.0, 160.0, 320.0]
    told = bookings(np.array(p), np.array(amount), won=0.0, seed=7, draws=200_000)
    # no cumulative weight lies within 0.004 of these quantiles: a draw's error of 0.001 is harmless
    assert told.low == exact_quantile(p, amount, 0.1)
    assert told.median == exact_quantile(p, amount, 0.5)
    assert told.high == exact_quantile(p, amount, 0.9)
    assert told.expected == pytest.approx(np.dot(p, amount))


@settings(max_examples=50)
@given(
    deals=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e6)), max_size=20),
    won=st.floats(0, 1e6),
    seed=st.integers(0, 2**32),
)
def test_a_forecast_lies_between_nothing_more_and_everything(
    deals: list[tuple[float, float]], won: float, seed: int
) -> None:
    p, amount = np.array(deals, dtype=float).reshape(-1, 2).T
    told = bookings(p, amount, won, seed, draws=200)
    most = (won + amount.sum()) * (1 + 1e-9)
    assert won <= told.low <= told.median <= told.high <= most
    assert told == bookings(p, amount, won, seed, draws=200)


def test_a_deal_without_an_amount_books_nothing() -> None:
    told = bookings(np.array([1.0, 1.0]), np.array([np.nan, 5.0]), won=1.0, seed=0)
    assert (told.low, told.expected, told.high) == (6.0, 6.0, 6.0)


def test_amounts_that_spread_widen_the_range_and_move_no_mean() -> None:
    p, amount = np.full(200, 0.5), np.full(200, 10.0)
    sure = bookings(p, amount, won=0.0, seed=3)
    wide = bookings(p, amount, won=0.0, seed=3, spread=np.array([0.25, 1.75]))
    assert wide.expected == sure.expected == 1000
    assert wide.median == pytest.approx(1000, rel=0.01)
    # variance of a deal: p E[s²] - p² = .5 · 1.5625 - .25 = .53125 against .25
    widths = [(one.high - one.low) for one in (wide, sure)]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(0.53125 / 0.25), rel=0.05)
