"""A page's view of the desk: within the viewer's rights, as scope and address narrow it."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from data.errors import BadInput, NotFound
from data.moments import DAY, iso_date, parse_moment
from serving.desk.about import About
from serving.desk.view import View
from serving.insights.funnel import Span
from serving.insights.period import Kind, Period, period_of
from serving.insights.scope import Scope
from serving.web.frame import Frame
from serving.web.words import apart

Choice: TypeAlias = tuple[str, str, list[tuple[str, str]]]
"""A filter: its name in the address, its label, and what may be chosen as value and label."""

_SIDES: Final = {"owner": "owner_id", "team": "team", "source": "source", "product": "product"}
LABELS: Final = {"owner": "Seller", "team": "Team", "source": "Source", "product": "Product"}
SPANS: Final = (("91", "91 days"), ("182", "Half a year"), ("364", "A year"))
"""How far back a page looks: days, as the address has them, and their name."""
KINDS: Final[dict[Kind, str]] = {
    "week": "Week",
    "month": "Month",
    "quarter": "Quarter",
    "year": "Year",
}
"""The kinds of period that attainment and reviews are told for."""
_PAST: Final = 8
"""Periods that are offered, this one and those before it."""


def view_of(frame: Frame) -> View | None:
    """Return the view that a page shows; None where the pipeline has no desk yet.

    Amounts are in the viewer's currency where a rate of it is known, else in the pipeline's.

    Raises:
        NotFound: no deal within reach has what the address asks for.
    """
    desks, pipeline = frame.service.warmer.desks, frame.pipeline or ""
    words = {side: (frame.query[name],) for name, side in _SIDES.items() if frame.query.get(name)}
    asked = Scope(**words)
    chosen = frame.scope.reach
    if chosen != frame.viewer.reach:
        values = () if chosen.value is None else (chosen.value,)
        asked = asked.within(Scope(**{chosen.by: values}))
    try:
        about = desks.desk(pipeline).about
    except NotFound:
        return None
    view = desks.view(pipeline, frame.viewer.reach, asked, _currency(frame, about))
    try:
        _ = view.deals  # which stay found, for whatever the page tells
    except BadInput as error:  # a link from somebody who may see more
        raise NotFound("no deal within reach has this", error.field, error.value) from error
    return view


def _currency(frame: Frame, about: About) -> str | None:
    wanted = frame.viewer.currency
    try:
        about.exchange.into(wanted, about.as_of)
    except BadInput:
        return None
    return wanted


def needed(frame: Frame) -> View:
    """Return the view of a file that is handed out.

    Raises:
        NotFound: the pipeline has no desk yet.
    """
    view = view_of(frame)
    if view is None:
        raise NotFound(
            "the pipeline has no desk yet", field="pipeline", value=frame.pipeline or "none"
        )
    return view


def period(frame: Frame, view: View, rest: int = 0) -> Period:
    """Return the period that the address names by its kind and a day in it.

    Args:
        frame: of the request.
        view: what is looked at.
        rest: by default the period that the desk's moment less so many microseconds lies in.

    Raises:
        BadInput: not a day.
    """
    at = frame.query.get("at")
    return period_of(kind_of(frame, KINDS), parse_moment(at, "at") if at else view.as_of - rest)


def kind_of(frame: Frame, kinds: Iterable[Kind]) -> Kind:
    """Return the kind of period that the address names, or else the quarter."""
    return next((one for one in kinds if one == frame.query.get("period")), "quarter")


def named(period: Period) -> dict[str, str]:
    """Return the words of the address that name a period."""
    return {"period": period.kind, "at": iso_date(period.starts_at)}


def recent(view: View, chosen: Period) -> list[tuple[str, str]]:
    """Return the periods to choose from, the newest first: the day in the address, and a name."""
    found, one = [], period_of(chosen.kind, view.as_of)
    for _ in range(_PAST):
        found.append(one)
        one = one.before()
    found += [] if chosen in found else [chosen]
    return [(iso_date(one.starts_at), one.name) for one in found]


def own(frame: Frame) -> bool:
    """Say whether one seller's own figures are looked at: there, nobody is parted from others."""
    return "owner_id" in (frame.viewer.reach.by, frame.scope.reach.by)


def choices(frame: Frame, view: View) -> list[Choice]:
    """Return the filters that narrow something; a seller is offered no colleague."""
    deals = frame.scope.reach.filter(view.reach.filter(view.desk.deals))
    names = dict(view.desk.sellers.select("owner_id", "owner").iter_rows())
    found: list[Choice] = []
    for name, side in _SIDES.items():
        values = deals[side].drop_nulls().unique().sort().to_list()
        if len(values) > 1:
            called = names if name == "owner" else {}
            told = apart((value, called.get(value) or value) for value in values)
            found.append((name, LABELS[name], told))
    return found


def chosen(frame: Frame, name: str, allowed: tuple[str, ...], standard: str) -> str:
    """Return a word of the address, or the standard where it is none of those allowed."""
    word = frame.query.get(name, standard)
    return word if word in allowed else standard


def span_of(frame: Frame, view: View, standard: str = "364") -> tuple[str, Span]:
    """Return how many days a page looks back, as the address has it, and the span."""
    days = chosen(frame, "days", tuple(days for days, _ in SPANS), standard)
    return days, Span(view.as_of - int(days) * DAY, view.as_of)


def common(frame: Frame, view: View | None) -> dict[str, Any]:
    """Return what the templates of all these pages tell."""
    return {
        "view": view,
        "currency": view and view.told_in,
        "unpriced": view and frame.viewer.currency not in (None, view.told_in),
        "choices": [] if view is None else choices(frame, view),
        "filtered": any(frame.query.get(name) for name in _SIDES),
        "spans": SPANS,
        "kinds": list(KINDS.items()),
    }
