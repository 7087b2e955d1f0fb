"""One deal: what is going on, and what would change it?"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import polars as pl
from fastapi import APIRouter
from starlette.responses import Response

from data.contract import BUYER_ROLES
from data.moments import DAY, to_datetime
from data.tables import collect
from features.catalogue import Group
from models.curve import Curves
from serving import actions
from serving.insights.quarter import Quarter
from serving.web import dossier, listed
from serving.web.dossier import Dossier, Said
from serving.web.formats import Formats
from serving.web.frame import Frame, TheFrame
from serving.web.phones import number_of
from serving.web.phrases import Say
from serving.web.plot import Plot, Tick
from serving.web.rendering import page
from serving.web.timeline import Teller
from serving.web.week import act_in_words
from serving.web.words import activity, commit, role

router = APIRouter()

GROUPS: Final[tuple[tuple[Group, str], ...]] = (
    ("fit", "Fit: who they are"),
    ("engagement", "Engagement: what they do"),
    ("process", "Process: how it moves"),
    ("people", "People: who is covered"),
)
DECISIONS: Final = {"follow": "Follow first", "hold": "Hold", "drop": "Drop"}
_FIRST: Final = 40
"""Events that are shown at once; the rest is a click away."""


@router.get("/deals/{pipeline}/{deal_id:path}")
def one_deal(pipeline: str, deal_id: str, frame: TheFrame) -> Response:
    """Show one deal within reach."""
    found, engine = dossier.read(frame, pipeline, deal_id), frame.service.engine
    week = next(iter(listed.weeks(engine, pipeline, 1)), "")
    names = {
        row["owner_id"]: row["name"] or row["owner_id"]
        for row in collect(found.tables.owners).to_dicts()
    }
    teller = Teller(found.pipeline, names, frame.formats, frame.say)
    events = teller.events(found.tables, found.deal, found.scores)
    stated = _stated(found)
    return page(
        frame,
        "deal.html",
        found=found,
        said=found.said,
        teller=teller,
        currency=found.deal["currency"] or found.pipeline.currency,
        phone=number_of(found.account.get("attributes")),
        picture=found.said and curve_picture(found.said, frame.formats, frame.say),
        numbers=found.said and _numbers(found.said, frame.formats),
        groups=GROUPS,
        decisions=DECISIONS,
        reasons=_by_group(found.said),
        listed=listed.item_of(engine, pipeline, week, deal_id),
        act=_act(frame, pipeline, week, deal_id),
        supposed=_supposed(found.said, teller, frame),
        milestones=_milestones(found),
        roles=_roles(found, frame.say),
        commit=commit(frame.say, found.last("commit").get("value")),
        stated=stated,
        stated_chance=_chance_by(found.said, stated),
        facts=_facts(found, teller, frame),
        recent=events[:_FIRST],
        older=events[_FIRST:],
    )


def _act(frame: Frame, pipeline: str, week: str, deal_id: str) -> str | None:
    """Say what was done about the deal on a week's list."""
    made = actions.of_deal(frame.service.engine, pipeline, deal_id, frame.viewer.reach)
    return act_in_words(frame, next((one for one in reversed(made) if one.week == week), None))


def curve_picture(said: Said, formats: Formats, say: Say) -> Plot | None:
    """Draw won and lost over the days ahead, with bands and the ends of quarters.

    None where timing is unknown.
    """
    curves, as_of = said.curves, said.scores.as_of
    if not curves.dated:
        return None
    last = float(curves.edges[-1])
    days = dossier.weeks_ahead(curves, last)
    won, lost = ([_read(curves, name, day) for day in days] for name in ("won", "lost"))
    top = max(0.5, max(*won, *lost))
    plot = Plot(
        (0.0, last),
        (0.0, 1.0 if top > 0.75 else 0.75 if top > 0.5 else 0.5),
        x_ticks=_months(as_of, last, formats),
        y_ticks=[Tick(y, formats.share(y)) for y in (0.0, 0.25, 0.5, 0.75, 1.0) if y <= 1.0],
    )
    plot.y_ticks = [tick for tick in plot.y_ticks if tick.value <= plot.y_range[1]]
    for name, own in (("lost", lost), ("won", won)):
        told = [[_read(member, name, day) for day in days] for member in said.members] + [own]
        if len(told) > 1:
            plot.band(
                days,
                [min(at) for at in zip(*told, strict=True)],
                [max(at) for at in zip(*told, strict=True)],
            )
    plot.line(days, lost, say("lost"), "second")
    plot.line(days, won, say("won"))
    plot.vertical(0.0, say("today"), "today")
    for end in _quarter_ends(as_of, last):
        plot.vertical((end - as_of) / DAY, formats.last_day(end))
    return plot


def _read(curves: Curves, name: str, days: float) -> float:
    return float((curves.won_by if name == "won" else curves.lost_by)(days)[0])


def _quarter_ends(as_of: int, last: float) -> list[int]:
    ends, end = [], Quarter.of(as_of).ends_at
    while (end - as_of) / DAY <= last:
        ends.append(end)
        end = Quarter.of(end).ends_at
    return ends


def _months(as_of: int, last: float, formats: Formats) -> list[Tick]:
    """Name the first of months, not more of them than can be read."""
    ticks, step = [], max(1, round(last / 30.4 / 8))
    day = to_datetime(as_of).replace(day=1)
    for number in range(1, int(last / 28) + 2):
        month = day.month - 1 + number
        first = day.replace(year=day.year + month // 12, month=month % 12 + 1)
        ahead = (first - to_datetime(as_of)).total_seconds() / 86_400
        if 0.03 * last < ahead < 0.98 * last and number % step == 0:
            ticks.append(Tick(ahead, formats.month(first.date())))
    return ticks


def _numbers(said: Said, formats: Formats) -> list[list[str]]:
    """Tell the curves at the horizons and at the ends of quarters."""
    curves, as_of = said.curves, said.scores.as_of
    if not curves.dated:
        return []
    horizons = said.scores.horizons_days
    days = {float(day): formats.date(as_of + day * DAY) for day in horizons}
    for end in _quarter_ends(as_of, float(curves.edges[-1])):
        days[(end - as_of) / DAY] = formats.last_day(end)
    rows = []
    for day in sorted(days):
        won, lost = (_read(curves, name, day) for name in ("won", "lost"))
        spread = [_read(member, "won", day) for member in said.members]
        between = f"{formats.share(min(spread))}–{formats.share(max(spread))}" if spread else "–"
        rows.append(
            [
                days[day],
                formats.share(won),
                between,
                formats.share(lost),
                formats.share(1 - won - lost),
            ]
        )
    return rows


def _by_group(said: Said | None) -> dict[str, list[Any]]:
    reasons = said.why.reasons if said else []
    return {group: [one for one in reasons if one.group == group] for group, _ in GROUPS}


def _supposed(said: Said | None, teller: Teller, frame: Frame) -> list[dict[str, Any]]:
    """Tell each supposed fact, the chance with it, and the difference in points."""
    if said is None:
        return []
    words = {"stage": "It moves to {}", "activity": "Done today: {}", "role": "Known: {}"}
    named: dict[str, Callable[[str], str]] = {
        "stage": str,
        "activity": partial(activity, frame.say),
        "role": partial(role, frame.say),
    }
    return [
        {
            "what": frame.say(words[one.kind]).format(named[one.kind](one.word)),
            "chance": chance,
            "points": round(100 * chance) - round(100 * said.chance),
        }
        for one, chance in said.changes
    ]


def _milestones(found: Dossier) -> list[dict[str, Any]]:
    """Return each milestone's last state, in the order of the ladder."""
    rows = collect(found.tables.checklist).sort("at", "seq")
    last = rows.group_by("item", maintain_order=True).agg(pl.col("at", "status", "stage").last())
    ladder = list(found.pipeline.stages)
    place = {stage: number for number, stage in enumerate(ladder)}
    return sorted(last.to_dicts(), key=lambda one: place.get(one["stage"], len(ladder)))


def _roles(found: Dossier, say: Say) -> list[tuple[str, list[str]]]:
    """Return each buyer's role with the names of who plays it; none where nobody is known."""
    rows = collect(found.tables.contacts).to_dicts()
    return [
        (role(say, one), [row["name"] or row["contact_id"] for row in rows if row["role"] == one])
        for one in BUYER_ROLES
    ]


def _stated(found: Dossier) -> int | None:
    number = found.last("expected_close_at").get("number")
    return None if number is None else int(number)


def _chance_by(said: Said | None, moment: int | None) -> float | None:
    """Return the chance to be won by a moment to come; None where it is past or none."""
    if said is None or moment is None or not said.curves.dated or moment <= said.scores.as_of:
        return None
    return _read(said.curves, "won", (moment - said.scores.as_of) / DAY)


def _facts(found: Dossier, teller: Teller, frame: Frame) -> list[tuple[str, str]]:
    """Tell what is fixed of the deal and its customer, and the source's own columns."""
    say, deal, account = frame.say, found.deal, found.account
    told = [
        (say("Source"), deal["source"]),
        (say("Product"), deal["product"]),
        (say("Created"), frame.formats.date(deal["created_at"], year=True)),
        (say("Industry"), account.get("industry")),
        (say("Region"), account.get("region")),
        (say("Employees"), account.get("employees")),
        (say("Revenue a year"), account.get("revenue")),
        (say("Team"), found.owner.get("team")),
    ]
    for name, one in found.pipeline.attributes.items():
        if one.policy == "fixed" and one.type != "prose":
            told.append((teller.field(name), deal.get(name)))
    number = frame.formats.number
    return [
        (label, number(value, 2) if isinstance(value, float) else str(value))
        for label, value in told
        if value not in (None, "")
    ]
