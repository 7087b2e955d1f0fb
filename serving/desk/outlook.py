"""The outlook of a period: what will be booked, how sure that is, and what others would say."""

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import polars as pl

from data.errors import BadInput
from data.moments import to_datetime
from serving.desk.about import FORECAST, won_by
from serving.desk.view import View
from serving.insights.arrivals import Coming
from serving.insights.baselines import Baselines, baselines
from serving.insights.figures import short
from serving.insights.forecast import Forecast, fan
from serving.insights.period import Kind, Period, period_of
from serving.insights.targets import Target
from serving.insights.walk import Walk, walk

_DRAWS: Final = 4_000


@dataclass(frozen=True)
class Outlook:
    """What is forecast of a period.

    Attributes:
        period: the period.
        forecast: its bookings.
        target: what is to be reached; None without one.
        booked: by (moment) and won: what was booked by the end of each week so far.
        fan: by (moment), expected, low, median, high: bookings by the end of each week to come.
        baselines: what others would say.
        walk: from an earlier forecast of this quarter to this one; None without one.
        past: as_of, kind, expected, low, high, came, held: past forecasts of the whole pipeline.
    """

    period: Period
    forecast: Forecast
    target: Target | None
    booked: pl.DataFrame
    fan: pl.DataFrame
    baselines: Baselines
    walk: Walk | None
    past: pl.DataFrame

    @property
    def chances(self) -> dict[str, str]:
        """Say in a sentence what is to be expected, in zh and en."""
        told, name = self.forecast, self.period.told
        zh, en = partial(short, language="zh"), partial(short, language="en")
        line = {
            "zh": f"{name['zh']}预计成交的中位数为{zh(told.median)}，八成把握在{zh(told.low)}至"
            f"{zh(told.high)}之间；已成交{zh(told.won)}，平均另有在手商机{zh(told.from_open)}、"
            f"未来新商机{zh(told.from_new)}",
            "en": f"{name['en']}: bookings of {en(told.median)} in the middle, eight times in ten "
            f"between {en(told.low)} and {en(told.high)}; {en(told.won)} is won, and to be "
            f"expected on the mean are {en(told.from_open)} of open deals and "
            f"{en(told.from_new)} of deals not known yet",
        }
        if self.target is None:
            return line
        chance = _nearly(told.chance(self.target.value))
        share = told.median / self.target.value if self.target.value else 0.0
        return {
            "zh": f"{line['zh']}；为目标{zh(self.target.value)}的{share:.0%}，"
            f"达成的可能性为{chance}",
            "en": f"{line['en']}; {share:.0%} of the target of {en(self.target.value)}, which "
            f"is reached with a chance of {chance}",
        }


def _nearly(chance: float) -> str:
    """Write a chance; what is not certain is not written as such."""
    if 0.99 < chance < 1:
        return ">99%"
    return "<1%" if chance < 0.01 else f"{chance:.0%}"


def outlook(view: View, kind: Kind = "quarter") -> Outlook:
    """Forecast the period of a kind that a desk's moment lies in; once for each view.

    Raises:
        BadInput: a kind that is not forecast, or timing is unknown.
    """
    _check(view, kind)
    return view.once(("outlook", kind), lambda: _forecast(view, kind))


def _forecast(view: View, kind: Kind) -> Outlook:
    period, about = view.about.period(kind), view.about
    ends = [end for end in about.ends if end <= period.ends_at and _is_told(end, period)]
    arrivals, deals = about.arrivals, view.deals
    ahead = [Period("day", view.as_of, end).days for end in ends]
    to_come = arrivals.coming(deals, view.as_of, period, ahead)
    coming = [_in_money(view, one) for one in to_come]
    told = fan(
        view.open_deals.select(map(won_by, ends)).fill_null(0.0).to_numpy(),
        view.open_deals["value_at_close"].fill_null(0.0).to_numpy(),
        view.won(period),
        seed=0,
        spread=np.array(about.spread),
        draws=_DRAWS,
        coming=coming,
        shock=about.shocks[kind],
    )
    rows = [
        (end, one.expected, one.low, one.median, one.high)
        for end, one in zip(ends, told, strict=True)
    ]
    names = ("by", "expected", "low", "median", "high")
    return Outlook(
        period=period,
        forecast=told[-1],
        target=view.target(period),
        booked=_booked(view, period),
        fan=pl.DataFrame(rows, schema=list(names), orient="row"),
        baselines=baselines(
            *(deals, about.rates, view.then.filter(pl.col("kind") == kind)),
            *(view.won(period), period.ends_at, view.as_of),
        ),
        walk=_walk(view, period) if kind == "quarter" else None,
        past=_past(view, kind),
    )


def _check(view: View, kind: Kind) -> None:
    if kind not in FORECAST:
        raise BadInput(
            "not a period that is forecast", field="period", value=kind, allowed=", ".join(FORECAST)
        )
    if not view.about.dated:
        raise BadInput(
            "timing unknown: the pipeline's records have no dates, and so there is no forecast",
            field="pipeline",
            value=view.about.pipeline,
        )


def _is_told(end: int, period: Period) -> bool:
    return end == period.ends_at or to_datetime(end).weekday() == 0


def _in_money(view: View, coming: Coming) -> Coming:
    return Coming(coming.wins, coming.amount * view.unit, coming.square * view.unit**2)


def _booked(view: View, period: Period) -> pl.DataFrame:
    """Return what was booked by the end of each week of the period so far."""
    ends, week = [], period_of("week", period.starts_at)
    while week.ends_at < view.as_of:
        ends.append(week.ends_at)
        week = period_of("week", week.ends_at)
    won = view.won_deals.filter(pl.col("closed_at") >= period.starts_at)
    rows = [
        (end, won.filter(pl.col("closed_at") < end)["value"].sum()) for end in [*ends, view.as_of]
    ]
    return pl.DataFrame(rows, schema={"by": pl.Int64, "won": pl.Float64}, orient="row")


def _walk(view: View, period: Period) -> Walk | None:
    before, about = view.earlier, view.desk.earlier_about
    if before is None or about is None:
        return None
    since = min(about.as_of, period.starts_at)
    recent = pl.col("closed_at").is_null() | (pl.col("closed_at") >= since)
    sides = [_counted(frame.filter(recent), period) for frame in (before, view.deals)]
    (then,), (now,) = (
        one.arrivals.coming(deals, one.as_of, period, [period.days_left(one.as_of)])
        for one, deals in ((about, before), (view.about, view.deals))
    )
    expected = (_in_money(view, then).expected, _in_money(view, now).expected)
    return walk(
        sides[0].filter(pl.col("outcome") != "lost", pl.col("p_won") > 0),
        sides[1],
        *(expected, about.as_of, period.ends_at),
    )


def _counted(deals: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Return what each deal adds to the period's mean: a chance, and an amount."""
    is_open = pl.col("outcome") == "open"
    inside = period.holds("closed_at")
    won = (pl.col("outcome") == "won") & inside
    return deals.select(
        *("deal_id", "title", "owner", "outcome", "closed_at", "expected_close_at"),
        p_won=pl.when(is_open)
        .then(pl.col(won_by(period.ends_at)))
        .otherwise(won.cast(pl.Float64))
        .fill_null(0.0),
        amount=pl.when(is_open).then("value_at_close").otherwise("value").fill_null(0.0),
    )


def _past(view: View, kind: Kind) -> pl.DataFrame:
    """Return past forecasts of the whole pipeline, to those who may see it."""
    seen = view.desk.lookback.filter(pl.col("kind") == kind)
    if view.scope.chosen or not view.reach.whole:
        seen = seen.clear()
    money = ("expected", "low", "high", "came")
    return seen.select("as_of", "kind", *(pl.col(name) * view.unit for name in money)).with_columns(
        held=pl.col("came").is_between(pl.col("low"), pl.col("high"))
    )
