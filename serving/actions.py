"""What people do to items of a list: done, snoozed until, dismissed with a reason, or reopened.

Every act is a row that says who and when; nothing is written over. The last one holds, and the
next list respects it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final, Literal
from uuid import uuid4

import polars as pl
from sqlalchemy import ColumnElement, Connection, Engine, Table, exists, literal, or_, select

from data import audit
from data.audit import Actor
from data.database import list_actions, list_items, list_others
from data.errors import BadInput, NotFound
from data.moments import iso
from serving import lists
from serving.access.reach import Reach

Act = Literal["done", "snoozed", "dismissed", "reopened"]
ACTS: Final = ("done", "snoozed", "dismissed", "reopened")
MOST_REASON: Final = 500

ACTED: Final = pl.Schema(
    {
        "deal_id": pl.String(),
        "acted": pl.String(),
        "acted_at": pl.Int64(),
        "acted_until": pl.Int64(),
    }
)
"""What a list needs to know of what was done to items before."""


@dataclass(frozen=True)
class Action:
    """One act. Moments are microseconds of UTC.

    Attributes:
        action_id: unique.
        pipeline: whose list.
        week: the ISO date of the list's Monday.
        deal_id: which item.
        action: what was done.
        until: a snoozed deal rests until then.
        reason: why it was dismissed, in the words of whoever did.
        who: whose act: a key's or a user's id.
        at: when.
    """

    action_id: str
    pipeline: str
    week: str
    deal_id: str
    action: Act
    until: int | None
    reason: str | None
    who: str
    at: int


def act(
    transaction: Connection,
    pipeline: str,
    week: str,
    deal_id: str,
    action: Act,
    actor: Actor,
    at: int,
    reach: Reach,
    until: int | None = None,
    reason: str | None = None,
) -> Action:
    """Note what somebody did to an item of a published list.

    Args:
        transaction: one that writes.
        pipeline: whose list.
        week: the ISO date of its Monday, or "latest".
        deal_id: which item.
        action: what was done.
        actor: whose act it is.
        at: when (microseconds of UTC).
        reach: which deals they may see.
        until: how long a snoozed deal rests.
        reason: why; a dismissal must say so.

    Raises:
        BadInput: no such action, no end of a snooze or a past one, a dismissal without a reason.
        NotFound: no list was published for the week, or the deal is not on it, as far as they
            may see it.
    """
    _check(action, at, until, reason)
    week = lists.week_of(transaction, pipeline, week)
    who = f"{actor.kind}:{actor.name}"
    made = Action(uuid4().hex, pipeline, week, deal_id, action, until, reason, who, at)
    # what rests is on no list that was published since, and may be opened again all the same
    tables = (list_items, list_others) if action == "reopened" else (list_items,)
    there = _seen(tables, reach, literal(pipeline), literal(week), literal(deal_id))
    if not transaction.scalar(select(there)):
        raise NotFound(
            "the deal is not on this list",
            field="deal_id",
            value=deal_id,
            remedy="name a deal of the list, see GET /v1/lists/{week}",
        )
    transaction.execute(list_actions.insert(), asdict(made))
    told = {"pipeline": pipeline, "week": week, "act": action}
    audit.record(transaction, actor, "item.acted", at, made.action_id, **told)
    return made


def of_list(engine: Engine, pipeline: str, week: str, reach: Reach) -> list[Action]:
    """Return all acts on a list's items within reach, the earliest first.

    Raises:
        BadInput: week is neither a Monday nor "latest".
        NotFound: no list was published for it.
    """
    with engine.connect() as connection:
        week = lists.week_of(connection, pipeline, week)
    return _read(engine, reach, pipeline, week=week)


def of_deal(engine: Engine, pipeline: str, deal_id: str, reach: Reach) -> list[Action]:
    """Return all acts on a deal, of any week's item within reach, the earliest first."""
    return _read(engine, reach, pipeline, deal_id=deal_id)


def recent(engine: Engine, pipeline: str, as_of: int) -> pl.DataFrame:
    """Return what holds of each deal at a moment: its last act until then, see `ACTED`."""
    query = select(
        list_actions.c.deal_id, list_actions.c.action, list_actions.c.at, list_actions.c.until
    ).where(list_actions.c.pipeline == pipeline, list_actions.c.at <= as_of)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(list_actions.c.at, list_actions.c.action_id)).all()
    acted = pl.DataFrame([tuple(row) for row in rows], schema=ACTED, orient="row")
    return acted.unique("deal_id", keep="last", maintain_order=True)


def _read(engine: Engine, reach: Reach, pipeline: str, **of: str) -> list[Action]:
    own = select(list_actions).filter_by(pipeline=pipeline, **of)
    if not reach.whole:  # a list that was published anew may have other items
        of_act = (list_actions.c[name] for name in ("pipeline", "week", "deal_id"))
        own = own.where(_seen((list_items, list_others), reach, *of_act))
    own = own.order_by(list_actions.c.at, list_actions.c.action_id)
    names = [field.name for field in fields(Action)]
    with engine.connect() as connection:
        rows = connection.execute(own).mappings().all()
    return [Action(**{name: row[name] for name in names}) for row in rows]


def _seen(
    tables: Sequence[Table],
    reach: Reach,
    pipeline: ColumnElement[str],
    week: ColumnElement[str],
    deal_id: ColumnElement[str],
) -> ColumnElement[bool]:
    """Return the condition that a deal is in one of the tables of a week, within reach."""
    return or_(
        *(
            exists().where(
                one.c.pipeline == pipeline,
                one.c.week == week,
                one.c.deal_id == deal_id,
                reach.where(one.c.owner_id, one.c.team),
            )
            for one in tables
        )
    )


def _check(action: str, at: int, until: int | None, reason: str | None) -> None:
    if action not in ACTS:
        raise BadInput("no such action", field="action", value=action, allowed=", ".join(ACTS))
    if (action == "snoozed") != (until is not None) or (until is not None and until <= at):
        raise BadInput(
            "a snooze has an end, and nothing else has",
            field="until",
            value=None if until is None else iso(until),
            allowed=f"a moment after {iso(at)} with snoozed; none with the others",
            remedy="say until when the deal rests",
        )
    if (action == "dismissed") and not (reason or "").strip():
        raise BadInput(
            "a dismissal says why",
            field="reason",
            value=reason,
            allowed=f"1 to {MOST_REASON} characters",
            remedy="say why it is not to be worked on",
        )
    if len(reason or "") > MOST_REASON or "\x00" in (reason or ""):
        raise BadInput(
            "too long a reason, or one with a null character",
            field="reason",
            value=(reason or "")[:50],
            allowed=f"{MOST_REASON} characters at most, none of them null",
            remedy="say it shorter, in plain text",
        )
