"""Aalen-Johansen by stage, against counting, against a hand and against the product formula."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
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


def test_a_stage_whose_name_begins_as_anothers_is_another() -> None:
    found = estimate([(1.0, WON, 9.0), (2.0, LOST, 9.0)], ["offer", "x"])
    rows = pl.DataFrame({"stage": ["offers"]})
    assert found.curves(rows).at(5).tolist() == [[0, 0.5, 0.5]]


def waiting(deals: int, stage: str | None) -> Sample:
    """Make deals that are won where they were ten days in their stage, and lost before."""
    time = np.linspace(0.0, 20.0, deals)
    rows = pl.DataFrame(
        {
            "deal_id": [f"d{n}" for n in range(deals)],
            "stage": [stage] * deals,
            "in_stage": time if stage else [None] * deals,
            "age": time,
        },
        schema_overrides={"stage": pl.String, "in_stage": pl.Float64},
    )
    cause = np.where(time >= 10.0, WON, LOST)
    return Sample(rows, np.full(deals, 1.0), cause, np.full(deals, 9.0), np.arange(deals))


@pytest.mark.parametrize("stage", ["s", None])
def test_the_time_in_a_stage_tells_what_the_stage_does_not(stage: str | None) -> None:
    """Of a deal without a stage it is its age."""
    sample = waiting(400, stage)
    plain, timed = (StageAalenJohansen.fit(sample, EDGES, timed=one) for one in (False, True))
    assert (plain.timed, timed.timed) == (False, True)
    assert plain.curves(sample.rows).won_by(2) == pytest.approx(0.5)
    told = timed.curves(sample.rows)
    assert told.won_by(2) == pytest.approx((sample.cause == WON).astype(float), abs=1e-12)
    again = StageAalenJohansen.from_dict(json.loads(json.dumps(timed.to_dict())))
    assert (again.curves(sample.rows).won == told.won).all()


@pytest.mark.parametrize(("deals", "cells"), [(79, 1), (80, 2), (399, 9), (4_000, 10)])
def test_groups_are_as_many_as_closings_can_bear(deals: int, cells: int) -> None:
    found = StageAalenJohansen.fit(waiting(deals, "s"), EDGES, timed=True)
    assert found.stages.count("s") == cells


def test_each_group_is_the_estimate_of_its_own_snapshots() -> None:
    sample = waiting(300, "s")
    timed = StageAalenJohansen.fit(sample, EDGES, timed=True)
    time = sample.rows["in_stage"].to_numpy()
    since = timed.since[[stage == "s" for stage in timed.stages]]
    for start, end in zip(since, [*since[1:], np.inf], strict=True):
        own = sample.take(np.flatnonzero((time >= start) & (time < end)))
        alone = StageAalenJohansen.fit(own, EDGES).curves(own.rows)
        assert (timed.curves(own.rows).won == alone.won).all()
