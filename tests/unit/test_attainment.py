"""Attainment: the handbook's golden example, targets, quotas, best and worst."""

from typing import Any

import polars as pl
import pytest

from data.moments import DAY, parse_moment
from data.practice import QUOTAS
from serving.insights.attainment import attained
from serving.insights.customers import customer_attainment, won_customers
from serving.insights.extremes import best_and_worst
from serving.insights.period import period_of
from serving.insights.quotas import quotas
from serving.insights.scope import Scope
from serving.insights.targets import Target, target, targets_by

NOW = parse_moment("2026-02-10")
QUARTER = period_of("quarter", NOW)


def test_the_customers_of_the_handbook_to_the_digit() -> None:
    told = pl.DataFrame(
        [
            ("A", "SR", "existing", 4_000.0, 6_000.0, 5_000.0),
            ("B", "SR", "existing", 5_000.0, 8_000.0, 3_125.0),
            ("C", "SE/SSE", "new", 10_000.0, 12_000.0, 0.0),
            ("D", "SE/SSE", "existing", 12_000.0, 8_000.0, 1_000.0),
        ],
        schema=["customer", "role", "kind", "estimate", "quarter_mean", "previous_mean"],
        orient="row",
    )
    judged = customer_attainment(told, 0.6)
    columns = ("required", "expected", "growth", "over", "met")
    assert judged.select("customer", *columns).rows() == [
        ("A", 0.6, 2_400.0, 1_000.0, -1_400.0, False),
        ("B", 0.6, 3_000.0, 4_875.0, 1_875.0, True),
        ("C", 0.6, 6_000.0, 12_000.0, 6_000.0, True),
        ("D", 0.6, 7_200.0, 7_000.0, -200.0, False),
    ]


SELLERS = pl.DataFrame(
    [
        ("o1", "One", "SR", "T1", "N"),
        ("o2", "Two", "SE", "T1", "N"),
        ("o3", "Three", "SE", "T2", "N"),
    ],
    schema=["owner_id", "owner", "role", "team", "region"],
    orient="row",
)


def targets(*rows: tuple[str, str, str, str, float]) -> pl.DataFrame:
    schema = ["scope", "scope_id", "period", "starts_at", "value"]
    told = [(*row[:3], parse_moment(row[3]), row[4]) for row in rows]
    return pl.DataFrame(told, schema=schema, orient="row").with_columns(metric=pl.lit("won_amount"))


OWNERS = targets(
    ("owner", "o1", "quarter", "2026-01-01", 100.0),
    ("owner", "o2", "quarter", "2026-01-01", 50.0),
    ("owner", "o3", "quarter", "2026-01-01", 30.0),
)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), Target(180.0, "parts")),
        (Scope(team=("T1",)), Target(150.0, "parts")),
        (Scope(region=("N",)), Target(180.0, "parts")),
        (Scope(owner_id=("o2",)), Target(50.0, "own")),
        (Scope(owner_id=("o2",), team=("T2",)), None),
        (Scope(source=("web",)), None),
    ],
)
def test_a_target_is_its_own_or_the_sum_of_its_parts(scope: Scope, expected: Target | None) -> None:
    assert target(OWNERS, SELLERS, scope, QUARTER, "won_amount") == expected


def test_an_own_row_goes_before_the_sum_of_sellers() -> None:
    told = pl.concat([OWNERS, targets(("team", "T1", "quarter", "2026-01-01", 170.0))])
    scope = Scope(team=("T1",))
    assert target(told, SELLERS, scope, QUARTER, "won_amount") == Target(170.0, "own")


def test_a_target_of_another_length_is_summed_up_or_shared_out() -> None:
    # January and February of 2026 have 59 of the quarter's 90 days
    month = period_of("month", NOW)
    told = target(OWNERS, SELLERS, Scope(owner_id=("o1",)), month, "won_amount")
    assert told == Target(pytest.approx(100 * 28 / 90), "pro_rata")
    rows = [("owner", "o1", "month", f"2026-0{n}-01", 10.0 * n) for n in (1, 2, 3)]
    whole = targets(*rows)  # type: ignore[arg-type]
    one = Scope(owner_id=("o1",))
    assert target(whole, SELLERS, one, QUARTER, "won_amount") == Target(60.0, "parts")
    assert target(whole.head(2), SELLERS, one, QUARTER, "won_amount") is None


@pytest.mark.parametrize("by", ["owner_id", "team", "region"])
@pytest.mark.parametrize("kind", ["week", "month", "quarter", "year"])
@pytest.mark.parametrize("scope", [Scope(), Scope(team=("T1",)), Scope(product=("p",))])
def test_targets_of_many_are_those_of_each(by: Any, kind: Any, scope: Scope) -> None:
    own = [("owner", "o1", "month", f"2026-0{n}-01", 10.0 * n) for n in (1, 2, 3)]
    more = targets(*own, ("team", "T1", "year", "2026-01-01", 900.0))  # type: ignore[arg-type]
    told, period = pl.concat([OWNERS.tail(2), more]), period_of(kind, NOW)
    found = targets_by(told, SELLERS, scope, period, "won_amount", by)
    for one in SELLERS[by].unique():
        alone = scope.within(Scope(**{by: (one,)}))
        assert found.get(one) == target(told, SELLERS, alone, period, "won_amount")
    assert found or scope.product or kind == "year"


def won(deal_id: str, owner: str, at: str, value: float, **more: Any) -> dict[str, Any]:
    team = "T2" if owner == "o3" else "T1"
    return {
        "deal_id": deal_id,
        "owner_id": owner,
        "owner": owner,
        "role": "SR",
        "team": team,
        "region": "N",
        "account_id": "a1",
        "account": "A1",
        "outcome": "won",
        "created_at": parse_moment(at) - DAY,
        "closed_at": parse_moment(at),
        "value": value,
        "opened_value": value,
        "margin": None,
        "source": "web",
    } | more


DEALS = pl.DataFrame(
    [
        won("now", "o1", "2026-01-20", 40.0),
        won("now too", "o3", "2026-02-09", 20.0, account_id="a2", account="A2"),
        won("before", "o1", "2025-10-20", 30.0),
        won("before, later than as far", "o1", "2025-12-20", 500.0),
        won("a year ago", "o3", "2025-02-01", 80.0),
    ],
    schema_overrides={"margin": pl.Float64},
)
WORK = pl.DataFrame(
    [("o1", "call", parse_moment("2026-02-02"), 3), ("o1", "mail", parse_moment("2026-02-02"), 9)],
    schema=["owner_id", "kind", "day", "count"],
    orient="row",
)


def test_an_unfinished_period_is_compared_with_as_much_of_those_before() -> None:
    """Forty days of the quarter have passed: 20 October counts, 20 December does not yet."""
    (row,) = attained(DEALS, WORK, OWNERS, SELLERS, Scope(), QUARTER, NOW).to_dicts()
    assert (row["target"], row["actual"], row["rate"]) == (180.0, 60.0, pytest.approx(60 / 180))
    assert (row["before"], row["over_before"]) == (30.0, pytest.approx(1.0))
    assert (row["year_ago"], row["over_year"]) == (80.0, pytest.approx(-0.25))


def test_attainment_by_team_and_by_seller_sums_to_the_whole() -> None:
    for by in ("team", "owner_id", "region"):
        rows = attained(DEALS, WORK, OWNERS, SELLERS, Scope(), QUARTER, NOW, by)  # type: ignore[arg-type]
        assert rows["actual"].sum() == 60.0
        assert rows["target"].sum() == 180.0
    teams = attained(DEALS, WORK, OWNERS, SELLERS, Scope(), QUARTER, NOW, "team")
    assert teams.select("group", "target", "actual").rows() == [
        ("T1", 150.0, 40.0),
        ("T2", 30.0, 20.0),
    ]


def test_deals_and_activities_can_be_the_metric() -> None:
    counted = [
        attained(DEALS, WORK, OWNERS, SELLERS, Scope(), QUARTER, NOW, metric=metric)[
            "actual"
        ].item()
        for metric in ("won_deals", "call", "meeting")
    ]
    assert counted == [2.0, 3.0, 0.0]


def test_quotas_are_of_the_role_and_count_target_customers_once() -> None:
    """The week begins on 9 February. o1 is SR: 10 customers of 4,000 or more, 4 closings."""
    fresh = "2026-02-09T12:00"
    deals = pl.DataFrame(
        [
            won("large", "o1", fresh, 4_000.0, account_id="n1", created_at=parse_moment(fresh)),
            won("small", "o1", fresh, 3_999.0, account_id="n2", created_at=parse_moment(fresh)),
            won("again", "o1", fresh, 9_000.0, account_id="old", created_at=parse_moment(fresh)),
            won("first", "o2", "2026-01-10", 9_000.0, account_id="old"),
        ]
    )
    deals = deals.with_columns(first_of_account=pl.col("deal_id") != "again")
    weeks = (parse_moment("2026-01-05"), parse_moment("2026-02-02"), parse_moment("2025-12-29"))
    rows = [("old", weeks[0], 9_000.0), ("old", weeks[1], 9_000.0)]
    rows += [("n2", weeks[1], 3_999.0), ("n9", weeks[2], 9_000.0)]
    followed = pl.DataFrame(
        rows, schema=["account_id", "week", "value"], orient="row"
    ).with_columns(owner_id=pl.lit("o1"))
    told = quotas(deals, followed, SELLERS.head(1), QUOTAS, NOW)
    found = {row["quota"]: (row["asked"], row["done"], row["met"]) for row in told.to_dicts()}
    assert found == {
        "new_customers": (10, 1, False),
        "key_customers": (30, 1, False),
        "closings": (4, 3, False),
    }


def test_won_customers_have_their_revenue_a_month() -> None:
    """A1: 40 this quarter, and 530 in July to December; A2 is new with 20."""
    told = won_customers(DEALS, QUARTER)
    columns = ("customer", "kind", "estimate", "quarter_mean", "previous_mean")
    assert told.select(columns).rows() == [
        ("A1", "existing", pytest.approx(40 / 3), pytest.approx(40 / 3), pytest.approx(530 / 6)),
        ("A2", "new", pytest.approx(20 / 3), pytest.approx(20 / 3), 0.0),
    ]


def test_best_and_worst_are_different_ones() -> None:
    best, worst = best_and_worst(DEALS, "account", QUARTER, count=1)
    assert best.rows() == [("A1", 1, 0, 40.0)]
    assert worst.rows() == [("A2", 1, 0, 20.0)]
    assert best_and_worst(DEALS, "account", QUARTER, "margin")[0].is_empty()
