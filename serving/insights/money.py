"""Money in one currency: amounts at the exchange rate of their date, and what has none.

An amount whose rate is not known is never added as it stands: it is left out, and told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

import polars as pl

from data.errors import BadInput
from data.moments import to_moment
from data.practice import Rate

_SCHEMA: Final = {"currency": pl.String, "since": pl.Int64, "rate": pl.Float64}


@dataclass(frozen=True)
class Unpriced:
    """Deals whose amounts are in a currency without a rate, and so in no sum."""

    currency: str
    deals: int
    amount: float

    @property
    def told(self) -> dict[str, str]:
        """Say so, in zh and en."""
        return {
            "zh": f"{self.deals:,}个商机共{self.amount:,.0f} {self.currency}没有汇率，未计入合计",
            "en": f"{self.deals:,} deals of {self.amount:,.0f} {self.currency} have no exchange "
            "rate and are in no sum",
        }


@dataclass(frozen=True)
class Exchange:
    """Rates into one currency.

    Attributes:
        base: the currency that sums are in; None where amounts name none.
        rates: of the others, any order.
    """

    base: str | None
    rates: tuple[Rate, ...] = ()

    @classmethod
    def of(cls, deals: pl.DataFrame, currency: str | None, rates: Sequence[Rate]) -> "Exchange":
        """Return the rates into a pipeline's currency, by default the one most deals are in."""
        if currency is None:
            most = deals["currency"].drop_nulls().value_counts(sort=True)["currency"]
            currency = min(most[:1], default=None)
        return cls(currency, tuple(rates))

    def rate(self, frame: pl.DataFrame, at: str) -> pl.Series:
        """Return what a unit of each row's `currency` was worth at its moment `at`, or null.

        A row without a currency is in the base; one without a moment has no rate but that.
        """
        known = pl.DataFrame(
            [(one.currency, _moment(one), one.rate) for one in self.rates],
            schema=_SCHEMA,
            orient="row",
        )
        rows = frame.select("currency", since=pl.col(at)).with_row_index("row")
        joined = rows.sort("since").join_asof(
            known.sort("since"), on="since", by="currency", check_sortedness=False
        )
        own = pl.col("currency").is_null() | pl.col("currency").eq_missing(pl.lit(self.base))
        rate = pl.when(own).then(1.0).otherwise("rate").alias("rate")
        return joined.sort("row").select(rate)["rate"]

    def into(self, currency: str | None, as_of: int) -> float:
        """Return what a unit of the base is worth in another currency at a moment.

        Raises:
            BadInput: there is no rate of it by then.
        """
        if currency is None or currency == self.base:
            return 1.0
        found = [one for one in self.rates if one.currency == currency and _moment(one) <= as_of]
        if not found:
            known = sorted({one.currency for one in self.rates} | {self.base or ""} - {""})
            raise BadInput(
                "no exchange rate of this currency",
                field="currency",
                value=currency,
                allowed=", ".join(known) or "none",
                remedy="add it to practice.rates of the pipeline's settings",
            )
        return 1.0 / max(found, key=lambda one: one.since).rate


def unpriced(deals: pl.DataFrame) -> list[Unpriced]:
    """Return what of `amount` has no `rate`, by currency."""
    without = deals.filter(pl.col("rate").is_null(), pl.col("amount").is_not_null())
    summed = without.group_by("currency").agg(pl.len(), pl.col("amount").sum()).sort("currency")
    return [Unpriced(*row) for row in summed.iter_rows()]


def _moment(rate: Rate) -> int:
    return to_moment(datetime.combine(rate.since, time(), UTC))
