"""What is answered of a view, in plain values: the same over HTTP and with --json."""

from dataclasses import asdict
from typing import Any, Final

from serving.desk.flow import Flow
from serving.desk.outlook import Outlook
from serving.desk.reached import Reached, extremes
from serving.desk.told import rows, told
from serving.desk.view import View
from serving.insights import ideal
from serving.insights.accounts import potential
from serving.insights.funnel import Span
from serving.insights.period import Period
from serving.insights.reviews import review
from serving.insights.sellers import development
from serving.insights.sources import source_quality

MOST: Final = 200
"""Deals that an answer names at most."""


def head(view: View) -> dict[str, Any]:
    """Say what is spoken of: pipeline, moment, bundle, currency, scope, and what is in no sum."""
    about = view.about
    return told({"as_of": about.as_of}) | {
        "pipeline": about.pipeline,
        "bundle": about.bundle,
        "served_by": about.serves,
        "currency": view.told_in,
        "scope": {name: list(values) for name, values in view.scope.chosen.items()},
        "without_rate": [one.told for one in about.without_rate],
    }


def forecast(view: View, found: Outlook, limit: int = MOST) -> dict[str, Any]:
    """Tell a forecast."""
    walk = None
    if found.walk is not None:
        walk = told({"since": found.walk.since}) | {
            "before": found.walk.before,
            "now": found.walk.now,
            "steps": rows(found.walk.steps()),
            "deals": rows(found.walk.deals, limit),
        }
    said = found.forecast
    chance = None if found.target is None else said.chance(found.target.value)
    return head(view) | {
        "period": period(found.period),
        "told": found.chances,
        "bookings": {k: v for k, v in asdict(said).items() if k not in ("percentiles", "sd")},
        "target": found.target and asdict(found.target),
        "chance_of_target": chance,
        "shock": view.about.shocks[found.period.kind],
        "shock_from": view.about.shocks_from,
        "booked": rows(found.booked),
        "fan": rows(found.fan),
        "baselines": asdict(found.baselines),
        "walk": walk,
        "past": rows(found.past),
    }


def funnel(view: View, found: Flow, limit: int = MOST) -> dict[str, Any]:
    """Tell a funnel."""
    measured, stuck = found.funnel, found.bottleneck
    named = None
    if stuck is not None:
        names = ("stage", "kind", "value", "against", "by", "shortfall")
        named = {name: getattr(stuck, name) for name in names}
        named |= {"told": stuck.told, "deals": rows(stuck.deals, limit)}
    return head(view) | {
        **told({"since": measured.span.since, "until": measured.span.until}),
        "stages": rows(measured.table()),
        "open_deals": measured.open_deals,
        "won": measured.won,
        "mean_won": measured.mean_won,
        "win_rate": measured.win_rate,
        "cycle_days": measured.cycle_days,
        "velocity_a_day": measured.velocity,
        "bottleneck": named,
        "period": period(found.period),
        "target": found.target and asdict(found.target),
        "won_of_target": found.won,
        "needs": rows(ideal.table(found.needs)),
        "stagnant": rows(found.stagnant, limit),
    }


def attainment(view: View, found: Reached, limit: int = MOST) -> dict[str, Any]:
    """Tell an attainment."""
    sides = extremes(view, found.period)
    return head(view) | {
        "period": period(found.period),
        "told": found.told,
        **rows(found.whole.drop("group"))[0],
        "groups": None if found.groups is None else rows(found.groups),
        "quotas": rows(found.quotas),
        "customers": rows(found.customers, limit),
        "best": {side: rows(best) for side, (best, _) in sides.items()},
        "worst": {side: rows(worst) for side, (_, worst) in sides.items()},
    }


def sources(view: View, span: Span, limit: int = MOST) -> dict[str, Any]:
    """Tell the quality of sources, one seller's development, and accounts that may open a deal."""
    owners = view.scope.owner_id
    own = None
    if owners is not None and len(owners) == 1:
        own = rows(development(view.deals, view.work, view.as_of))
    return head(view) | {
        **told({"since": span.since, "until": span.until}),
        "sources": rows(source_quality(view.deals, span, view.as_of)),
        "development": own,
        "potential": rows(potential(view.deals, view.as_of), limit),
    }


def reviews(view: View, span: Span, limit: int = MOST) -> dict[str, Any]:
    """Tell what was learned of the deals that closed in a span."""
    found = review(view.deals, view.desk.said, span)
    shown = found.deals.head(limit)
    points = found.points.join(shown.select("deal_id"), on="deal_id", how="semi")
    return head(view) | {
        **told({"since": span.since, "until": span.until}),
        "told": found.told,
        "closed": len(found.deals),
        "deals": rows(shown),
        "points": rows(points),
        "reasons": rows(found.reasons),
        **{f"by_{side}": rows(found.by(side)) for side in ("source", "team")},
    }


def period(one: Period) -> dict[str, Any]:
    """Tell a period."""
    return {"name": one.name, **told(asdict(one))}
