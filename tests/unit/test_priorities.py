"""The week's list: what it ranks by, whose hours it spends, and why the rest is not on it."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.listing import Experiments, Listing
from data.moments import DAY, iso, parse_moment
from models.curve import Curves
from serving.actions import ACTED
from serving.insights.allocation import Load
from serving.insights.early import WARNING
from serving.insights.experiments import Chance, chance, held_out
from serving.insights.priorities import List, period_end, prioritise, scored
from serving.insights.quarter import Quarter
from serving.insights.response import value_at_stake
from serving.insights.why_not import REASONS
from serving.scores import Scores

AS_OF = parse_moment("2026-02-02")
EDGES = np.array([0.0, 7.0, 28.0, 91.0])
CERTAIN = Experiments(holdout=0, explore=0, swap=0)
DESK = Listing(experiments=CERTAIN)


def scores_of(
    won: list[list[float]],
    lost: list[list[float]],
    amounts: list[float],
    answered: list[list[float]] | None = None,
) -> Scores:
    rows = pl.DataFrame({"deal_id": [f"d{i}" for i in range(len(won))]}).with_columns(
        as_of=pl.lit(AS_OF, pl.Int64)
    )
    curves = Curves(EDGES, np.array(won), np.array(lost))
    then = None if answered is None else Curves(EDGES, np.array(answered), np.array(lost))
    amount = np.array(amounts)
    return Scores(rows, curves, AS_OF, (7, 28), (60, 35, 15), amount, answered=then)


def deal(number: int, **more: Any) -> dict[str, Any]:
    return {
        "deal_id": f"d{number:02}",
        "owner_id": "o",
        "owner": "O",
        "role": None,
        "team": "T",
        "account_id": f"a{number}",
        "value_at_stake": 10.0 + number,
        "p_won_end": 0.5,
        "trend": 0,
        "hours": 0.5,
        "must": False,
        "last_out_at": None,
        "warnings": [],
        "stagnant": False,
        **more,
    }


TYPES = {"last_out_at": pl.Int64, "warnings": pl.List(WARNING), "role": pl.String}


def made(rows: list[dict[str, Any]], desk: Listing = DESK, acted: list[Any] | None = None) -> List:
    deals = pl.DataFrame(rows, schema_overrides=TYPES)
    done = pl.DataFrame(acted or [], schema=ACTED, orient="row")
    return prioritise(deals, desk, "p", "2026-02-02", AS_OF, done)


def why(found: List) -> dict[str, str]:
    return dict(found.others.select("deal_id", "why").iter_rows())


def test_without_activities_the_value_at_stake_is_worked_out_by_hand() -> None:
    # 58 days are left to 1 April: F_won = .3 + (.5 - .3) · 30/63, F_lost = .1 + .2 · 30/63
    scores = scores_of([[0, 0.1, 0.3, 0.5]], [[0, 0.05, 0.1, 0.3]], [1000.0])
    (item,) = scored(scores, DESK).to_dicts()
    p_won, p_lost = 0.3 + 0.2 * 30 / 63, 0.1 + 0.2 * 30 / 63
    assert item["period_end"] == parse_moment("2026-04-01")
    assert item["p_won_period"] == pytest.approx(p_won)
    assert item["p_won_28"] == pytest.approx(0.3)
    effect = p_won * (1 - p_won) * 0.15 / (p_won + p_lost)
    assert item["expected_effect"] == pytest.approx(effect)
    assert item["value_at_stake"] == pytest.approx(1000 * effect)


def test_where_a_model_tells_it_the_effect_is_what_contact_adds_and_never_a_loss() -> None:
    won = [[0, 0.1, 0.3, 0.5]] * 2
    answered = [[0, 0.2, 0.4, 0.7], [0, 0.1, 0.2, 0.3]]
    scores = scores_of(won, [[0, 0, 0, 0]] * 2, [1000.0, 1000.0], answered)
    told = value_at_stake(scores, 91.0, 7.0)
    assert told["expected_effect"].to_list() == pytest.approx([0.2, 0.0])
    assert told["value_at_stake"].to_list() == pytest.approx([200.0, 0.0])


def test_a_deal_without_an_amount_counts_as_the_median_one() -> None:
    scores = scores_of([[0, 0.1, 0.3, 0.5]] * 3, [[0, 0, 0, 0]] * 3, [100.0, np.nan, 300.0])
    small, unknown, large = value_at_stake(scores, 91.0, 7.0)["value_at_stake"]
    assert (unknown, large) == pytest.approx((2 * small, 3 * small))


def test_without_any_amounts_chances_alone_rank() -> None:
    won = [[0, 0.01, 0.03, 0.05], [0, 0.1, 0.3, 0.5]]
    scores = scores_of(won, [[0, 0, 0, 0]] * 2, [np.nan] * 2)
    assert value_at_stake(scores, 91.0, 7.0)["value_at_stake"].is_sorted()


def test_what_must_be_done_comes_first_and_then_the_most_at_stake() -> None:
    rows = [deal(i, must=i == 3, value_at_stake=0.0 if i == 3 else 10.0 + i) for i in range(6)]
    listed = made(rows).listed
    assert listed["deal_id"].to_list() == ["d03", "d05", "d04", "d02", "d01", "d00"]
    assert listed["position"].to_list() == list(range(1, 7))
    assert listed["group"].to_list() == ["must"] + ["worth"] * 5


def test_hours_are_kept_and_the_rest_says_that_they_are_used_up() -> None:
    found = made([deal(i) for i in range(10)], DESK.model_copy(update={"hours": 1.6}))
    assert found.listed["deal_id"].to_list() == ["d09", "d08", "d07"]
    assert set(why(found).values()) == {"hours"}
    (load,) = found.loads.to_dicts()
    assert (load["hours_available"], load["hours_used"], load["deals"]) == (1.6, 1.5, 3)
    assert found.others["figure"].to_list() == [2 * (10 + i) for i in range(7)]


def test_hours_of_an_owner_go_before_those_of_the_role() -> None:
    desk = Listing(hours=1, hours_by_role={"SE": 2}, hours_by_owner={"x": 3})
    assert [desk.hours_of(*who) for who in (("a", None), ("a", "SE"), ("x", "SE"))] == [1, 2, 3]


def test_every_reason_is_told_with_its_number_in_both_languages() -> None:
    rows = [deal(i) for i in range(12)]
    rows[0]["last_out_at"] = AS_OF - DAY
    rows[1]["value_at_stake"] = 0.0
    for number in (6, 7, 8):
        rows[number]["account_id"] = "same"
    desk = DESK.model_copy(update={"per_account": 2, "hours": 2.5})
    acted = [
        ("d02", "snoozed", AS_OF - DAY, AS_OF + 3 * DAY),
        ("d03", "dismissed", AS_OF - 8 * DAY, None),
        ("d04", "done", AS_OF - 2 * DAY, None),
    ]
    found = made(rows, desk, acted)
    reasons = why(found)
    assert reasons["d00"] == "cooling"
    assert reasons["d01"] == "nothing"
    assert [reasons[f"d0{i}"] for i in (2, 3, 4)] == ["snoozed", "dismissed", "done"]
    assert reasons["d06"] == "account"
    assert reasons["d05"] == "hours"
    figures = dict(found.others.select("deal_id", "figure").iter_rows())
    assert (figures["d00"], figures["d02"], figures["d03"]) == (1.0, 3.0, 20.0)
    assert found.others.select(pl.col("zh", "en").is_null().sum()).row(0) == (0, 0)


@pytest.mark.parametrize(
    ("action", "days", "until"), [("snoozed", 9, -1), ("dismissed", 29, None), ("done", 8, None)]
)
def test_what_was_put_off_comes_back(action: str, days: int, until: int | None) -> None:
    end = None if until is None else AS_OF + until * DAY
    assert len(made([deal(0)], DESK, [("d00", action, AS_OF - days * DAY, end)]).listed) == 1


def test_a_promise_does_not_cool() -> None:
    assert len(made([deal(0, must=True, last_out_at=AS_OF - DAY)]).listed) == 1


def test_sellers_are_shown_so_many_at_most() -> None:
    found = made([deal(i) for i in range(5)], DESK.model_copy(update={"per_owner": 2}))
    assert found.listed["deal_id"].to_list() == ["d04", "d03"]
    assert set(why(found).values()) == {"places"}


SOME = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 4),
        st.floats(0, 100),
        st.sampled_from([0.25, 0.5, 2.5]),
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25)
@given(SOME, st.floats(0, 6), st.integers(0, 3))
def test_each_open_deal_is_listed_or_says_why_and_no_limit_is_broken(
    some: list[Any], hours: float, salt: int
) -> None:
    rows = [
        deal(i, owner_id=f"o{o}", account_id=f"a{a}", value_at_stake=v, hours=h, must=m)
        for i, (o, a, v, h, m) in enumerate(some)
    ]
    experiments = Experiments(holdout=0.2, explore=0.2, swap=0.3, salt=str(salt))
    desk = Listing(hours=hours, per_account=2, experiments=experiments)
    found = made(rows, desk)
    both = found.listed["deal_id"].to_list() + found.others["deal_id"].to_list()
    assert sorted(both) == sorted(row["deal_id"] for row in rows)
    assert set(found.others["why"]) <= set(REASONS)
    assert (found.loads["hours_used"] <= hours + 1e-5).all()
    free = found.listed.filter(pl.col("group") != "must")
    most = free.group_by("account_id").agg(n=pl.len())["n"].max()
    assert most is None or most <= 2
    assert found.listed["propensity"].min() is None or found.listed["propensity"].min() > 0


@settings(max_examples=10)
@given(order=st.permutations(range(8)))
def test_the_order_of_the_rows_changes_nothing(order: list[int]) -> None:
    rows = [deal(i, value_at_stake=float(i // 2)) for i in range(8)]
    desk = Listing(hours=2.0)
    assert made([rows[i] for i in order], desk).listed.equals(made(rows, desk).listed)


def test_the_hold_out_is_a_share_of_accounts_and_the_same_every_week() -> None:
    accounts = [f"a{i}" for i in range(4000)]
    experiments = Experiments(holdout=0.05)
    out = held_out(accounts, experiments, "p")
    assert 0.04 < out.mean() < 0.06
    assert (out == held_out(accounts, experiments, "p")).all()
    assert not held_out(accounts, CERTAIN, "p").any()
    other = held_out(accounts, Experiments(holdout=0.05, salt="x"), "p")
    assert 0 < (out & other).sum() < out.sum()


def test_swaps_happen_as_often_as_their_logged_probability_says() -> None:
    experiments = Experiments(holdout=0, explore=0, swap=0.3, swap_pairs=1)
    four, two = np.ones(4), np.array([2])
    load = Load(
        np.arange(4.0),
        0.5 * four,
        np.zeros(4, int),
        -np.ones(4, int),
        0.5 * two,
        two,
        per_account=1,
    )
    best, swapped = np.array([False, False, True, True]), 0
    for week in range(400):
        likely = Chance(experiments, str(week), ["a", "b", "c", "d"])
        drawn = likely.draw(load, best, four > 0, np.zeros(1))
        assert drawn.propensity.tolist() == [0.0, 0.3, 0.7, 1.0]
        assert drawn.chosen.sum() == 2
        assert drawn.chosen[3]
        swapped += bool(drawn.chosen[1])
    assert abs(swapped / 400 - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 400)


def test_exploration_draws_what_would_not_be_listed_with_the_chance_it_logs() -> None:
    desk = Listing(hours=4.0, experiments=Experiments(holdout=0, explore=0.25, swap=0))
    found = made([deal(i) for i in range(20)], desk)
    explored = found.listed.filter("explored")
    assert len(explored) == 2
    assert explored["propensity"].to_list() == pytest.approx([2 / 14] * 2)
    assert found.others["propensity"].to_list() == pytest.approx([2 / 14] * 12)


def test_chance_is_spread_evenly() -> None:
    drawn = np.array([chance("x", str(i)) for i in range(10_000)])
    counts, _ = np.histogram(drawn, bins=10, range=(0, 1))
    assert ((counts - 1000) ** 2 / 1000).sum() < 33.7  # chi-squared, 9 degrees, p = .0001


@pytest.mark.parametrize(
    ("as_of", "end"),
    [
        ("2026-01-01", "2026-04-01"),
        ("2026-03-04", "2026-04-01"),
        ("2026-03-05", "2026-07-01"),
        ("2026-12-31T23:59:59", "2027-04-01"),
    ],
)
def test_in_a_quarters_last_weeks_the_list_looks_to_the_next(as_of: str, end: str) -> None:
    assert period_end(parse_moment(as_of), Listing(least_days=28)) == parse_moment(end)


@given(st.integers(parse_moment("1970-01-01"), parse_moment("2150-01-01")))
def test_quarters_hold_their_moments_and_follow_one_another(moment: int) -> None:
    quarter = Quarter.of(moment)
    assert quarter.starts_at <= moment < quarter.ends_at
    assert 90 * DAY <= quarter.ends_at - quarter.starts_at <= 92 * DAY
    assert iso(quarter.starts_at)[5:] in {
        f"{month}-01T00:00:00Z" for month in ("01", "04", "07", "10")
    }
    assert Quarter.of(quarter.ends_at).starts_at == quarter.ends_at
