"""What was learned, of a view: closings against what was said, sources, and the deals to come."""

from typing import Final

import polars as pl

from data.moments import DAY
from serving.desk.view import View
from serving.insights.accounts import potential
from serving.insights.funnel import Span
from serving.insights.period import Period, period_of
from serving.insights.reviews import Review, review
from serving.insights.sources import source_quality

SETTLED: Final = 28 * DAY
"""A period that is younger is reviewed next time."""


def reviewed(view: View, period: Period) -> Review:
    """Review the deals that closed in a period; once for each view."""
    span = Span(period.starts_at, period.ends_at)
    return view.once(("review", span), lambda: review(view.deals, view.desk.said, span))


def last_settled(view: View) -> Period:
    """Return the quarter that is reviewed when none is asked for."""
    return period_of("quarter", view.as_of - SETTLED)


def sources(view: View, period: Period) -> pl.DataFrame:
    """Judge the sources of the deals created in the year up to a period's end; once a view."""
    until = min(period.ends_at, view.as_of)
    span = Span(until - 364 * DAY, until)
    return view.once(("sources", span), lambda: source_quality(view.deals, span, view.as_of))


def next_deals(view: View) -> pl.DataFrame:
    """Rank accounts that may open a deal next; once for each view."""
    return view.once("potential", lambda: potential(view.deals, view.as_of))
