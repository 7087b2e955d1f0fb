"""Sources, a seller's own development, reviews, and accounts that may open a deal."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from data.moments import DAY, parse_moment
from serving.insights.accounts import potential
from serving.insights.funnel import Span
from serving.insights.reviews import review
from serving.insights.sellers import development
from serving.insights.sources import source_quality

NOW = parse_moment("2026-04-10")
DEAL: dict[str, Any] = {
    "title": "t",
    "account": "A",
    "owner": "o",
    "team": "T",
    "product": "P",
    "source": "web",
    "reason": None,
    "value": 100.0,
}


def deal(
    deal_id: str, created: str, outcome: str, closed: str | None, **more: Any
) -> dict[str, Any]:
    times = {"created_at": parse_moment(created), "closed_at": closed and parse_moment(closed)}
    return DEAL | times | {"deal_id": deal_id, "outcome": outcome} | more


DEALS = pl.DataFrame(
    [
        deal("w1", "2026-01-01", "won", "2026-01-11", reason="price"),
        deal("w2", "2026-01-01", "won", "2026-02-20", value=300.0, reason="price"),
        deal("l1", "2026-01-01", "lost", "2026-04-01", reason="rival"),
        deal("o1", "2026-04-08", "open", None),
        deal("e1", "2026-01-01", "lost", "2026-01-31", source="event"),
    ],
    schema_overrides={"reason": pl.String},
)
SPAN = Span(parse_moment("2026-01-01"), NOW)


def test_a_source_is_told_by_volume_conversion_amount_and_time() -> None:
    """Web: 2 of 4 won so far, after 10 and 50 days; one waits since 2 days, and is lost from sight
    before any end: of the other three two were won."""
    web, event = source_quality(DEALS, SPAN, NOW).to_dicts()
    assert (web["group"], web["deals"], web["won"], web["lost"], web["open"]) == ("web", 4, 2, 1, 1)
    assert (web["won_so_far"], web["won_amount"], web["amount_a_deal"]) == (0.5, 400.0, 100.0)
    assert web["conversion"] == pytest.approx(2 / 3)
    assert web["days_to_win"] == pytest.approx(30)
    assert (event["won"], event["conversion"], event["won_amount"]) == (0, 0.0, 0.0)


def test_a_sellers_quarters_are_told_one_after_another() -> None:
    work = pl.DataFrame({"day": [parse_moment("2026-02-02")], "count": [4]})
    first, second = development(DEALS, work, NOW).to_dicts()
    assert (first["created"], first["won"], first["lost"], first["activities"]) == (4, 2, 1, 4)
    assert first["won_share"] == pytest.approx(2 / 3)
    assert first["won_amount"] == 400.0
    assert (second["created"], second["won"], second["lost"]) == (1, 0, 1)
    assert second["quarter"] == parse_moment("2026-04-01")


def said(*rows: tuple[str, str, float]) -> pl.DataFrame:
    told = [(parse_moment(at), deal_id, p) for at, deal_id, p in rows]
    return pl.DataFrame(told, schema=["as_of", "deal_id", "p_won"], orient="row")


def test_surprises_come_first_in_bits() -> None:
    """w1 was given one in four: 2 bits. l1 was given 1/2 and then 3/4: (1 + 2) / 2 bits.

    What was said of w2 after it was won does not count.
    """
    told = review(
        DEALS,
        said(
            ("2026-01-05", "w1", 0.25),
            ("2026-01-05", "l1", 0.5),
            ("2026-02-05", "l1", 0.75),
            ("2026-03-05", "w2", 0.9),
        ),
        SPAN,
    )
    rows = told.deals.select("deal_id", "said", "p_first", "p_last", "surprise").rows()
    assert rows[:2] == [
        ("w1", 1, 0.25, 0.25, pytest.approx(2)),
        ("l1", 2, 0.5, 0.75, pytest.approx(1.5)),
    ]
    assert {row[0] for row in rows[2:]} == {"w2", "e1"}
    assert all(row[4] is None for row in rows[2:])
    assert told.points["p_won"].to_list() == [0.5, 0.75, 0.25]
    assert told.reasons.rows() == [("won", "price", 2, 400.0), ("lost", "rival", 1, 100.0)]
    (web,) = told.by("source").to_dicts()
    assert (web["deals"], web["said"], web["won"]) == (2, pytest.approx(0.375), 0.5)


def test_accounts_open_deals_about_as_often_as_is_said() -> None:
    """Accounts of gamma rates, watched for 300 to 1,500 days, and then for 91 more."""
    rng = np.random.default_rng(4)
    n = 4000
    rate = rng.gamma(0.8, 1 / 400, n)
    watched = rng.uniform(300, 1500, n)
    rows = []
    for account in range(n):
        opened = rng.uniform(0, watched[account], rng.poisson(rate[account] * watched[account]))
        rows += [(f"a{account}", NOW - int(days * DAY)) for days in (watched[account], *opened)]
    deals = pl.DataFrame(rows, schema=["account_id", "created_at"], orient="row").with_columns(
        account="account_id", outcome=pl.lit("won"), product=pl.lit("P")
    )
    told = potential(deals, NOW)
    assert len(told) == n
    opens = 1 - np.exp(-rate * 91)  # the chance of each, known here
    known = told.with_columns(
        truth=pl.Series(opens[told["account_id"].str.slice(1).cast(pl.Int64).to_numpy()])
    )
    assert known["p_opens"].mean() == pytest.approx(opens.mean(), rel=0.05)
    best = known.head(n // 10)
    assert best["truth"].mean() == pytest.approx(best["p_opens"].mean(), rel=0.1)
    assert best["truth"].mean() > 2 * opens.mean()


def test_accounts_with_an_open_deal_and_too_few_accounts_are_not_ranked() -> None:
    deals = DEALS.with_columns(account_id=pl.lit("a"))
    assert potential(deals, NOW).is_empty()
