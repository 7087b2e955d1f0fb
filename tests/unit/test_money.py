"""Amounts at the exchange rate of their date; what has none is told and not added."""

from datetime import date

import polars as pl
import pytest

from data.errors import BadInput
from data.moments import parse_moment
from data.practice import Rate
from serving.insights.money import Exchange, unpriced

RATES = (
    Rate(currency="USD", since=date(2026, 1, 1), rate=7.0),
    Rate(currency="USD", since=date(2026, 3, 1), rate=7.5),
    Rate(currency="EUR", since=date(2026, 2, 1), rate=8.0),
)
CNY = Exchange("CNY", RATES)


def deals(*rows: tuple[str | None, str, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [(currency, parse_moment(at), amount) for currency, at, amount in rows],
        schema={"currency": pl.String, "at": pl.Int64, "amount": pl.Float64},
        orient="row",
    )


def test_each_amount_counts_at_the_rate_of_its_date() -> None:
    frame = deals(
        ("USD", "2026-02-28", 1.0),
        ("USD", "2026-03-01", 1.0),
        ("CNY", "2020-01-01", 1.0),
        (None, "2026-01-01", 1.0),
        ("EUR", "2026-01-31", 1.0),
        ("GBP", "2026-03-01", 1.0),
    )
    assert CNY.rate(frame, "at").to_list() == [7.0, 7.5, 1.0, 1.0, None, None]


def test_what_has_no_rate_is_told_by_currency() -> None:
    frame = deals(
        ("GBP", "2026-03-01", 5.0), ("GBP", "2026-03-01", 6.0), ("USD", "2026-03-01", 1.0)
    )
    priced = frame.with_columns(rate=CNY.rate(frame, "at"))
    (one,) = unpriced(priced)
    assert (one.currency, one.deals, one.amount) == ("GBP", 2, 11.0)
    assert "GBP" in one.told["zh"]
    assert "in no sum" in one.told["en"]


def test_sums_are_told_in_the_currency_asked_for() -> None:
    as_of = parse_moment("2026-02-01")
    assert CNY.into(None, as_of) == CNY.into("CNY", as_of) == 1.0
    assert CNY.into("USD", as_of) == pytest.approx(1 / 7)
    with pytest.raises(BadInput, match=r"no exchange rate.*GBP.*CNY, EUR, USD"):
        CNY.into("GBP", as_of)
    with pytest.raises(BadInput):
        CNY.into("EUR", parse_moment("2026-01-31"))


def test_without_a_currency_of_its_own_a_pipeline_counts_in_what_most_deals_are() -> None:
    frame = deals(
        ("USD", "2026-03-01", 5.0), ("CNY", "2026-03-01", 6.0), ("USD", "2026-03-01", 1.0)
    )
    assert Exchange.of(frame, None, ()).base == "USD"
    assert Exchange.of(frame, "EUR", ()).base == "EUR"
    assert Exchange.of(frame.clear(), None, ()).base is None
