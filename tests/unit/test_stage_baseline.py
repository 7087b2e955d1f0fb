"""Aalen-Johansen by stage, against counting, against a hand and against the product formula."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from models.baselines import StageAalenJohansen
from models.curve import LOST, WON
from models.sample import Sample

EDGES = np.array([0.0, 1.0, 2.0, 3.0, 5.0])
_deals = st.lists(
    st.tuples(
        st.sampled_from([0.5, 1.0, 2.0, 2.5, 4.0, np.inf]),
        st.sampled_from([WON, LOST]),
        st.sampled_from([0.5, 1.0, 2.0, 3.0, 9.0]),
    ),
    min_size=1,
    max_size=15,
)


def estimate(
    deals: list[tuple[float, int, float]], stages: list[str | None] | None = None
) -> StageAalenJohansen:
    days, cause, seen = (np.array(column) for column in zip(*deals, strict=True))
    rows = pl.DataFrame({"stage": stages or ["s"] * len(deals)}, schema={"stage": pl.String})
    return StageAalenJohansen.fit(Sample(rows, days, cause, seen, np.arange(len(days))), EDGES)


def test_a_golden_example() -> None:
    """Won on day 1, lost on 2, out of sight on 2, won on 3, out of sight on 4, lost on 5.

    day  at risk  F_won                     F_lost                    S
    1    6        1/6                       0                         5/6
    2    5        1/6                       5/6 × 1/5 = 1/6           5/6 × 4/5 = 2/3
    3    3        1/6 + 2/3 × 1/3 = 7/18    1/6                       2/3 × 2/3 = 4/9
    5    1        7/18                      1/6 + 4/9 × 1 = 11/18     0
    """
    deals = [(1.0, WON, 9.0), (2.0, LOST, 9.0), (np.inf, 0, 2.0)]
    deals += [(3.0, WON, 9.0), (np.inf, 0, 4.0), (5.0, LOST, 9.0)]
    curves = estimate(deals).curves(pl.DataFrame({"stage": ["s"]}))
    np.testing.assert_allclose(curves.won, [[0, 1 / 6, 1 / 6, 7 / 18, 7 / 18]], atol=1e-15)
    np.testing.assert_allclose(curves.lost, [[0, 0, 1 / 6, 1 / 6, 11 / 18]], atol=1e-15)


@settings(deadline=None)
@given(_deals)
def test_it_is_the_product_formula_by_loops(deals: list[tuple[float, int, float]]) -> None:
    expected = np.array([loops(deals, edge) for edge in EDGES])
    found = estimate(deals)
    np.testing.assert_allclose(found.won[0], expected[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.lost[0], expected[:, 1], rtol=0, atol=1e-12)


def loops(deals: list[tuple[float, int, float]], by: float) -> tuple[float, float]:
    """Kalbfleisch & Prentice (2002), 8.2.3: all closings of one time at once."""
    stays, won, lost = 1.0, 0.0, 0.0
    for time in sorted({days for days, _, seen in deals if days <= seen and days <= by}):
        at_risk = sum(min(days, seen) >= time for days, _, seen in deals)
        at_time = [cause for days, cause, seen in deals if days == time and days <= seen]
        won += stays * at_time.count(WON) / at_risk
        lost += stays * at_time.count(LOST) / at_risk
        stays *= 1 - len(at_time) / at_risk
    return won, lost


@settings(deadline=None)
@given(_deals)
def test_with_all_seen_it_is_the_share_of_deals(deals: list[tuple[float, int, float]]) -> None:
    seen = [(days, cause, 99.0) for days, cause, _ in deals]
    found = estimate(seen)
    for place, edge in enumerate(EDGES):
        for curve, which in ((found.won, WON), (found.lost, LOST)):
            share = np.mean([days <= edge and cause == which for days, cause, _ in seen])
            np.testing.assert_allclose(curve[0, place], share, rtol=0, atol=1e-12)


def test_each_stage_by_itself_and_an_unknown_one_as_all() -> None:
    deals = [(1.0, WON, 9.0), (2.0, LOST, 9.0)]
    found = estimate(deals, ["early", "late"])
    rows = pl.DataFrame({"stage": ["early", "late", "never seen", None]})
    assert found.curves(rows).at(5).tolist() == [[0, 1, 0], [0, 0, 1], [0, 0.5, 0.5], [0, 0.5, 0.5]]
    again = StageAalenJohansen.from_dict(found.to_dict())
    assert (again.curves(rows).won == found.curves(rows).won).all()
