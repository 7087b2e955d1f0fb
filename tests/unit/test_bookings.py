"""Deals not known yet, shared shocks, the fan, the baselines and the walk."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.moments import DAY, parse_moment
from serving.insights.arrivals import Arrivals, Coming
from serving.insights.baselines import baselines, stage_rates
from serving.insights.forecast import bookings, fan
from serving.insights.period import period_of
from serving.insights.shock import fit_shock, replayed
from serving.insights.walk import STEPS, walk

NOW = parse_moment("2026-02-02")


def test_wins_to_come_have_the_moments_of_a_compound_poisson() -> None:
    # mean = wins · E[amount]; variance = wins · E[amount²]
    coming = Coming(3.0, 10.0, 125.0)
    drawn = coming.draw(np.random.default_rng(1), 400_000)
    assert drawn.mean() == pytest.approx(30.0, rel=0.01)
    assert drawn.var() == pytest.approx(375.0, rel=0.02)
    assert (drawn == 0).mean() == pytest.approx(np.exp(-3), rel=0.05)
    assert Coming(0.0, 10.0, 125.0).draw(np.random.default_rng(1), 3).tolist() == [0, 0, 0]


def test_deals_to_come_are_counted_by_their_rate_and_their_own_curve() -> None:
    """A deal a day for three years, each won ten days after it is known.

    Of those of the next 30 days, the ones of the first 20 are won within them.
    """
    recorded = NOW - np.arange(1, 3 * 365) * DAY
    closed = np.where(recorded + 10 * DAY <= NOW, recorded + 10 * DAY, 0)
    deals = pl.DataFrame(
        {
            "recorded_at": recorded,
            "closed_at": [int(one) or None for one in closed],
            "outcome": ["won" if one else "open" for one in closed],
            "value": np.full(len(recorded), 7.0),
        }
    )
    arrivals = Arrivals.fit(deals, NOW)
    assert (arrivals.won_by[9], arrivals.won_by[10]) == (0.0, 1.0)
    (coming,) = arrivals.coming(deals, NOW, period_of("quarter", NOW), [30])
    assert coming.wins == pytest.approx(20, rel=0.03)
    assert coming.expected == pytest.approx(7 * coming.wins)
    (half,) = arrivals.coming(deals.gather_every(2), NOW, period_of("quarter", NOW), [30])
    assert half.wins == pytest.approx(coming.wins / 2, rel=0.15)
    (nothing,) = arrivals.coming(deals.clear(), NOW, period_of("quarter", NOW), [30])
    assert nothing.wins == 0


def test_a_shock_makes_standardized_errors_one() -> None:
    # 30² = 10² + t² · 100²  at both: t² = .08
    said, sd = np.array([100.0, 100.0]), np.array([10.0, 10.0])
    assert fit_shock(said, sd, np.array([130.0, 70.0])) == pytest.approx(np.sqrt(0.08))
    assert fit_shock(said, sd, np.array([105.0, 97.0])) == 0.0
    assert fit_shock(np.zeros(2), np.zeros(2), np.ones(2)) == 0.0


def test_a_shock_is_found_again() -> None:
    rng = np.random.default_rng(2)
    said, sd = np.full(4000, 100.0), np.full(4000, 20.0)
    factor = np.exp(rng.normal(-0.045, 0.3, 4000))
    came = factor * rng.normal(said, sd)
    assert fit_shock(said, sd, came) == pytest.approx(0.3, abs=0.03)


def test_independent_deals_replayed_have_next_to_no_shock() -> None:
    """Deals that come steadily, and close on their own, miss their totals by chance alone."""
    rng = np.random.default_rng(3)
    n = 40_000
    entered = NOW - rng.integers(0, 4 * 365, n) * DAY
    left = entered + (rng.exponential(40, n) * DAY).astype(np.int64) + DAY
    outcome = np.where(rng.random(n) < 0.4, "won", "lost")
    known = left < NOW
    deals = pl.DataFrame(
        {
            "deal_id": [str(i) for i in range(n)],
            "closed_at": [int(t) if k else None for t, k in zip(left, known, strict=True)],
            "outcome": np.where(known, outcome, "open"),
            "value": np.full(n, 10.0),
        }
    )
    spells = deals.select("deal_id", stage=pl.lit("a"), left_at="closed_at").with_columns(
        entered_at=pl.Series(entered)
    )
    seen = replayed(deals, spells, NOW, 28)
    assert len(seen) == 26
    assert seen["said"].sum() == pytest.approx(seen["came"].sum(), rel=0.05)
    assert fit_shock(*(seen[name].to_numpy() for name in ("said", "sd", "came"))) < 0.05


def test_a_shock_widens_the_range_and_moves_no_mean() -> None:
    p, amount = np.full(400, 0.5), np.full(400, 10.0)
    sure = bookings(p, amount, 500.0, seed=3)
    shaken = bookings(p, amount, 500.0, seed=3, shock=0.3)
    assert shaken.expected == sure.expected == 2500
    # sd of the rest: 100 alone; with the factor sqrt(100² + .09 · (2000² + 100²))
    widths = [one.high - one.low for one in (shaken, sure)]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(1 + 0.09 * 401), rel=0.06)
    assert shaken.low >= 500


def test_deals_beyond_those_drawn_one_by_one_count_the_same() -> None:
    p, amount = np.full(2000, 0.3), np.full(2000, 10.0)
    told = bookings(p, amount, 0.0, seed=4)
    # normal: mean 6,000, sd 10 · sqrt(2000 · .21) = 204.9; 10 % and 90 % lie 1.2816 sd away
    assert told.median == pytest.approx(6000, rel=0.005)
    assert told.high - told.low == pytest.approx(2 * 1.2816 * 204.9, rel=0.05)


@settings(max_examples=30)
@given(
    deals=st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted), max_size=10),
    seed=st.integers(0, 99),
)
def test_a_fan_never_falls(deals: list[list[float]], seed: int) -> None:
    p = np.array(deals).reshape(-1, 3)
    told = fan(p, np.full(len(p), 10.0), 5.0, seed, draws=200)
    for side in ("low", "median", "high", "expected"):
        values = [getattr(one, side) for one in told]
        assert values == sorted(values)


def test_the_chance_of_a_target_and_the_score_of_a_forecast() -> None:
    told = bookings(np.array([0.25]), np.array([100.0]), 0.0, seed=5)
    assert told.chance(50.0) == pytest.approx(0.25, abs=0.02)
    # CRPS of a coin for 100 with p = .25 when 0 came: 100 · p² = 6.25; when 100 came: 100 · .75²
    assert told.crps(0.0) == pytest.approx(6.25, abs=1)
    assert told.crps(100.0) == pytest.approx(56.25, abs=2)


OPEN = {
    "outcome": "open",
    "closed_at": None,
    "stage": "a",
    "effective": True,
    "committed": False,
    "commit": "pipeline",
    "value": 100.0,
    "expected_close_at": NOW + 10 * DAY,
}
ENDS = NOW + 58 * DAY


def test_the_handbooks_formulas_worked_out_by_hand() -> None:
    """A window ago three effective deals: 100 and 200 committed, 50 not; the 100 was won at 90, the
    50 at 60. Conversion of committed amount: 100 / 300; its attainment: 90 / 100. Now 600 is
    committed: 600 · 1/3 · .9 = 180. Two of three effective deals were won; three now: 2 to come.
    """
    then = pl.DataFrame(
        [
            (True, True, 100.0, True, 90.0),
            (True, True, 200.0, False, 200.0),
            (True, False, 50.0, True, 60.0),
            (False, True, 999.0, True, 999.0),
        ],
        schema=["effective", "committed", "value_then", "won", "value"],
        orient="row",
    )
    won = {"outcome": "won", "closed_at": NOW - 5 * DAY, "value": 40.0}
    rows = [OPEN | {"deal_id": "1", "committed": True, "value": 600.0}]
    rows += [OPEN | {"deal_id": "2"}, OPEN | {"deal_id": "3"}]
    rows += [
        OPEN | {"deal_id": "4", "effective": False, "committed": True},
        OPEN | won | {"deal_id": "5"},
    ]
    deals = pl.DataFrame(rows)
    spells = deals.select("deal_id", "stage")
    told = baselines(deals, stage_rates(deals, spells, NOW), then, 1000.0, ENDS, NOW)
    assert told.handbook_amount == pytest.approx(1180)
    assert told.new_customers == pytest.approx(2)
    assert told.handbook_deals == pytest.approx(1000 + 2 * 40)
    assert told.commit == pytest.approx(1000 + 600 + 100)
    assert told.stage_weighted == pytest.approx(1000 + 1.0 * (600 + 3 * 100))  # all closed were won


def test_only_what_is_stated_to_close_in_the_period_is_weighted() -> None:
    rows = [OPEN | {"deal_id": "1", "committed": True}]
    rows += [OPEN | {"deal_id": "2", "committed": True, "expected_close_at": ENDS}]
    closed = {"closed_at": NOW - DAY, "outcome": "lost"}
    rows += [OPEN | closed | {"deal_id": str(n)} for n in (3, 4, 5)]
    rows += [OPEN | closed | {"deal_id": "6", "outcome": "won"}]
    deals = pl.DataFrame(rows)
    spells = deals.select("deal_id", "stage")
    assert stage_rates(deals, spells, NOW).rows() == [("a", 0.25)]
    nothing = pl.DataFrame(
        schema=dict.fromkeys(("effective", "committed", "won"), pl.Boolean)
    ).with_columns(value_then=pl.lit(0.0), value=pl.lit(0.0))
    told = baselines(deals, stage_rates(deals, spells, NOW), nothing, 0.0, ENDS, NOW)
    assert (told.stage_weighted, told.commit) == (25.0, 100.0)
    assert (told.handbook_amount, told.new_customers) == (None, None)


SIDE = st.fixed_dictionaries(
    {
        "deal_id": st.sampled_from([f"d{i}" for i in range(8)]),
        "outcome": st.sampled_from(["open", "won", "lost"]),
        "p_won": st.floats(0, 1),
        "amount": st.floats(0, 1e6),
        "expected_close_at": st.none() | st.integers(0, 2 * ENDS),
    }
)
SIDES = st.lists(SIDE, max_size=8, unique_by=lambda one: one["deal_id"])
SCHEMA = {
    "deal_id": pl.String,
    "title": pl.String,
    "owner": pl.String,
    "outcome": pl.String,
    "p_won": pl.Float64,
    "amount": pl.Float64,
    "expected_close_at": pl.Int64,
}


@given(before=SIDES, now=SIDES, new=st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)))
def test_a_walk_sums_exactly_and_every_step_has_a_name(
    before: list[dict[str, object]], now: list[dict[str, object]], new: tuple[float, float]
) -> None:
    sides = [pl.DataFrame(rows, schema=SCHEMA) for rows in (before, now)]
    told = walk(*sides, new, 0, ENDS)
    assert set(told.deals["step"]) <= set(STEPS)
    assert told.deals["change"].sum() == pytest.approx(told.now - told.before, abs=1e-6 * 2e6)
    assert told.steps()["change"].sum() == pytest.approx(told.deals["change"].sum(), abs=1e-3)


def test_each_step_of_a_walk_is_named_for_what_happened() -> None:
    def side(*rows: tuple[str, str, float, float, int | None]) -> pl.DataFrame:
        names = ("deal_id", "outcome", "p_won", "amount", "expected_close_at")
        told = [dict(zip(names, row, strict=True)) for row in rows]
        return pl.DataFrame(told, schema=SCHEMA)

    before = side(
        ("won", "open", 0.5, 100.0, None),
        ("lost", "open", 0.5, 100.0, None),
        ("slips", "open", 0.5, 100.0, ENDS - 1),
        ("down", "open", 0.5, 100.0, ENDS - 1),
        ("grows", "open", 0.5, 100.0, None),
        ("gone", "open", 0.5, 100.0, None),
        ("back", "won", 1.0, 100.0, None),
    )
    now = side(
        ("won", "won", 1.0, 90.0, None),
        ("lost", "lost", 0.0, 100.0, None),
        ("slips", "open", 0.1, 100.0, ENDS),
        ("down", "open", 0.4, 100.0, ENDS - 1),
        ("grows", "open", 0.6, 200.0, None),
        ("created", "open", 0.3, 100.0, None),
        ("back", "open", 0.7, 100.0, None),
    )
    told = walk(before, now, (5.0, 3.0), 0, ENDS)
    steps = {(row["deal_id"], row["step"]): row["change"] for row in told.deals.to_dicts()}
    assert steps == {
        ("won", "won"): pytest.approx(40),
        ("lost", "lost"): pytest.approx(-50),
        ("slips", "slipped"): pytest.approx(-40),
        ("down", "down"): pytest.approx(-10),
        ("grows", "up"): pytest.approx(20),  # .1 more of 200
        ("grows", "amount"): pytest.approx(50),  # .5 of 100 more
        ("gone", "gone"): pytest.approx(-50),
        ("created", "created"): pytest.approx(30),
        ("back", "reopened"): pytest.approx(-30),
        (None, "to_come"): pytest.approx(-2),
    }
