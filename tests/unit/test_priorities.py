"""The first list: what it ranks by, and what it may not depend on."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.moments import DAY, iso, parse_moment
from models.curve import Curves
from serving.insights.priorities import Rules, period_end, prioritise
from serving.insights.quarter import Quarter
from serving.scores import Scores

AS_OF = parse_moment("2026-02-02")
EDGES = np.array([0.0, 7.0, 28.0, 91.0])


def deals_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {"deal_id": pl.String, "owner_id": pl.String}
    return pl.DataFrame(rows, schema=schema)


def scores_of(
    won: list[list[float]], lost: list[list[float]], amounts: list[float], as_of: int = AS_OF
) -> Scores:
    rows = pl.DataFrame({"deal_id": [f"d{i}" for i in range(len(won))]}).with_columns(
        as_of=pl.lit(as_of, pl.Int64)
    )
    curves = Curves(EDGES, np.array(won), np.array(lost))
    return Scores(rows, curves, as_of, (7, 28), (60, 35, 15), np.array(amounts))


def test_the_value_at_stake_is_worked_out_by_hand() -> None:
    # 58 days are left to 1 April: F_won = .3 + (.5 - .3) · 30/63, F_lost = .1 + .2 · 30/63
    deals = deals_of([{"deal_id": "d0", "owner_id": "o"}])
    scores = scores_of([[0, 0.1, 0.3, 0.5]], [[0, 0.05, 0.1, 0.3]], [1000.0])
    (item,) = prioritise(deals, scores, Rules()).to_dicts()
    p_won, p_lost = 0.3 + 0.2 * 30 / 63, 0.1 + 0.2 * 30 / 63
    assert item["position"] == 1
    assert item["period_end"] == parse_moment("2026-04-01")
    assert item["p_won_period"] == pytest.approx(p_won)
    assert item["p_won_28"] == pytest.approx(0.3)
    expected = 1000 * p_won * (1 - p_won) * 0.15 / (p_won + p_lost)
    assert item["value_at_stake"] == pytest.approx(expected)


def test_a_deal_without_an_amount_counts_as_the_median_one() -> None:
    deals = deals_of([{"deal_id": f"d{i}", "owner_id": "o"} for i in range(3)])
    scores = scores_of([[0, 0.1, 0.3, 0.5]] * 3, [[0, 0, 0, 0]] * 3, [100.0, np.nan, 300.0])
    listed = prioritise(deals, scores, Rules())
    assert listed["deal_id"].to_list() == ["d2", "d1", "d0"]
    assert listed["value_at_stake"][1] == pytest.approx(2 * listed["value_at_stake"][2])


def test_without_any_amounts_chances_alone_rank() -> None:
    deals = deals_of([{"deal_id": f"d{i}", "owner_id": "o"} for i in range(2)])
    won = [[0, 0.01, 0.03, 0.05], [0, 0.1, 0.3, 0.5]]
    listed = prioritise(deals, scores_of(won, [[0, 0, 0, 0]] * 2, [np.nan] * 2), Rules())
    assert listed["deal_id"].to_list() == ["d1", "d0"]


def test_what_cannot_close_is_worth_nothing_and_has_no_date() -> None:
    deals = deals_of([{"deal_id": "d0", "owner_id": "o"}])
    (item,) = prioritise(
        deals, scores_of([[0, 0, 0, 0]], [[0, 0, 0, 0]], [5.0]), Rules()
    ).to_dicts()
    assert item["value_at_stake"] == 0.0
    assert item["close_median"] is None


def test_each_seller_gets_so_many_and_the_best_of_theirs() -> None:
    rows = [{"deal_id": f"d{i}", "owner_id": "ab"[i % 2]} for i in range(10)]
    amounts = [i + 1.0 for i in range(10)]
    scores = scores_of([[0, 0.1, 0.3, 0.5]] * 10, [[0, 0, 0, 0]] * 10, amounts)
    listed = prioritise(deals_of(rows), scores, Rules(per_owner=2))
    assert listed["deal_id"].to_list() == ["d9", "d8", "d7", "d6"]
    assert listed["position"].to_list() == [1, 2, 3, 4]


@given(order=st.permutations(range(8)))
def test_the_order_of_the_rows_changes_nothing(order: list[int]) -> None:
    rows = [{"deal_id": f"d{i}", "owner_id": "o"} for i in range(8)]
    amounts = [float(i // 2) for i in range(8)]
    scores = scores_of([[0, 0.1, 0.3, 0.5]] * 8, [[0, 0, 0.1, 0.2]] * 8, amounts)
    listed = prioritise(deals_of([rows[i] for i in order]), scores, Rules())
    assert listed.equals(prioritise(deals_of(rows), scores, Rules()))


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
    assert period_end(parse_moment(as_of), Rules(least_days=28)) == parse_moment(end)


@given(st.integers(parse_moment("1970-01-01"), parse_moment("2150-01-01")))
def test_quarters_hold_their_moments_and_follow_one_another(moment: int) -> None:
    quarter = Quarter.of(moment)
    assert quarter.starts_at <= moment < quarter.ends_at
    assert 90 * DAY <= quarter.ends_at - quarter.starts_at <= 92 * DAY
    assert iso(quarter.starts_at)[5:] in {
        f"{month}-01T00:00:00Z" for month in ("01", "04", "07", "10")
    }
    assert Quarter.of(quarter.ends_at).starts_at == quarter.ends_at
