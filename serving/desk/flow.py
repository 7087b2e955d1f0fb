"""The funnel of a view: measured, set against the target, with its bottleneck and what is stuck."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from data.moments import DAY
from serving.desk.view import View
from serving.insights.bottleneck import Bottleneck, bottleneck
from serving.insights.funnel import Funnel, Span, funnel
from serving.insights.ideal import Need, needs, stagnant
from serving.insights.period import Kind, Period
from serving.insights.targets import Target

YEAR: Final = 364 * DAY


@dataclass(frozen=True)
class Flow:
    """A funnel and what it lacks.

    Attributes:
        funnel: the funnel over the span.
        bottleneck: where it sticks; None where too little has happened.
        period: what the target is of.
        target: what is to be reached; None without one.
        won: what is won of it.
        needs: by stage, what the rest of the target needs in the rest of the period; empty without
            a target.
        stagnant: open deals that stand longer in their stage than nine in ten: deal_id, title,
            account, owner, stage, value, days_here, usual_days.
    """

    funnel: Funnel
    bottleneck: Bottleneck | None
    period: Period
    target: Target | None
    won: float
    needs: list[Need]
    stagnant: pl.DataFrame


def flow(view: View, span: Span | None = None, kind: Kind = "quarter") -> Flow:
    """Measure the funnel of a view; once for each view.

    Args:
        view: whose.
        span: what conversions and times are of; by default the year up to now.
        kind: the period whose target it is set against.
    """
    chosen = span or Span(view.as_of - YEAR, view.as_of)
    return view.once(("flow", chosen, kind), lambda: _flow(view, chosen, kind))


def _flow(view: View, span: Span, kind: Kind) -> Flow:
    as_of, about = view.as_of, view.about
    measured = funnel(view.deals, view.spells, about.stages, about.practice.goals, span, as_of)
    period = about.period(kind)
    aim, won = view.target(period), view.won(period)
    left = max(period.days_left(as_of), 1.0)
    columns = ("deal_id", "title", "account", "owner", "stage", "value", "entered_at")
    standing = view.open_deals.select(columns)
    return Flow(
        funnel=measured,
        bottleneck=bottleneck(measured, standing, as_of),
        period=period,
        target=aim,
        won=won,
        needs=[] if aim is None else needs(measured, aim.value - won, left),
        stagnant=stagnant(standing, measured, as_of).drop("entered_at"),
    )
