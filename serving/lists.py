"""Published lists in the database: one a pipeline and week, replaced whole or not at all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, Engine, delete, func, select

from data import audit
from data.audit import Actor, commander
from data.bulk import writing
from data.database import LISTED_NUMBERS, LISTED_TEXTS, list_items, list_others, lists
from data.erasure import pseudonyms
from data.errors import BadInput, NotFound
from data.moments import iso
from serving.access.reach import Reach
from serving.told import plain

LATEST: Final = "latest"
MOMENTS: Final = (
    *("period_end", "close_median", "close_from", "close_to", "last_touch_at"),
    *("due_at", "stated_close_at"),
)


@dataclass(frozen=True)
class Published:
    """One week's list, or a page of it. Moments are microseconds of UTC.

    Attributes:
        pipeline: whose list.
        week: the ISO date of its Monday.
        as_of: what was known then made it.
        bundle: the bundle that scored it.
        created_at: when it was published.
        size: how many of its items are within reach.
        items: the items, first position first; the columns of the list by name. Positions count
            what is within reach, so they tell nothing of the rest.
        told: what is told once for all of it: assumption, experiments, capacity of the sellers
            within reach, and to whom all is within reach how many are not listed, by reason;
            empty for lists of before.
    """

    pipeline: str
    week: str
    as_of: int
    bundle: str
    created_at: int
    size: int
    items: list[dict[str, Any]]
    told: dict[str, Any]


def items(listed: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a list fit for JSON, moments as ISO 8601, figures as they are told."""

    def told(name: str, value: object) -> object:
        return iso(value) if name in MOMENTS and isinstance(value, int) else value

    return [
        plain({name: told(name, value) for name, value in row.items()})
        for row in listed.iter_rows(named=True)
    ]


def publish(
    engine: Engine,
    head: dict[str, Any],
    items: Sequence[dict[str, Any]],
    others: Sequence[dict[str, Any]] = (),
    told: dict[str, Any] | None = None,
    actor: Actor | None = None,
) -> None:
    """Store a week's list, in place of one published before, in one transaction.

    Deals that were erased since it was made are left out.

    Args:
        engine: the database.
        head: pipeline, week, as_of, bundle, created_at.
        items: each with at least position and deal_id, fit for JSON; owner_id and team say who
            may see it.
        others: the open deals that are not listed, each with at least deal_id and why.
        told: what is told once for all of it, fit for JSON.
        actor: who publishes it; whoever runs this command when left out.
    """
    key = {name: head[name] for name in ("pipeline", "week")}
    rows = [
        key
        | {name: item[name] for name in ("position", "deal_id")}
        | {name: item.get(name) for name in (*("owner_id", "team"), *LISTED_TEXTS, *LISTED_NUMBERS)}
        | {"item": _dump(item)}
        for item in items
    ]
    rest = [
        key
        | {name: other[name] for name in ("deal_id", "why")}
        | {name: other.get(name) for name in ("owner_id", "team")}
        | {"item": _dump(other)}
        for other in others
    ]
    with writing(engine) as connection:
        ids = [one["deal_id"] for one in (*rows, *rest)]
        gone = pseudonyms(connection, head["pipeline"], "deal", ids)  # first: an erasure waits
        rows, rest = ([one for one in of if one["deal_id"] not in gone] for of in (rows, rest))
        for table in (list_others, list_items, lists):
            connection.execute(delete(table).filter_by(**key))
        connection.execute(lists.insert(), head | {"told": _dump(plain(told or {}))})
        for table, filled in ((list_items, rows), (list_others, rest)):
            if filled:
                connection.execute(table.insert(), filled)
        detail = {"week": head["week"], "bundle": head["bundle"], "items": len(rows)}
        who, at = actor or commander(), head["created_at"]
        audit.record(connection, who, "list.published", at, head["pipeline"], **detail)


def read(
    engine: Engine,
    pipeline: str,
    week: str,
    reach: Reach,
    after: int = 0,
    limit: int | None = None,
) -> Published:
    """Return a published list as far as a caller may see it.

    Args:
        engine: the database.
        pipeline: whose list.
        week: the ISO date of its Monday, or "latest".
        reach: which deals the caller may see, by the owner and team they were listed under.
        after: leave out the positions up to this one.
        limit: how many items at most.

    Raises:
        BadInput: week is neither a Monday nor "latest".
        NotFound: no list was published for it.
    """
    _check_week(week)
    with engine.connect() as connection:
        head = _head(connection, pipeline, week)
        mine = select(list_items.c.item, list_items.c.position).filter_by(
            pipeline=pipeline, week=head["week"]
        )
        mine = reach.select(mine, list_items.c.owner_id, list_items.c.team)
        page = mine.order_by(list_items.c.position).offset(after).limit(limit)
        count = select(func.count()).select_from(mine.subquery())
        rows = connection.execute(page).all()
        size = connection.scalar(count) or 0
    items = [json.loads(row.item) | {"position": n} for n, row in enumerate(rows, after + 1)]
    told = _within(json.loads(head.pop("told") or "{}"), reach)
    return Published(**head, size=size, items=items, told=told)


def _within(told: dict[str, Any], reach: Reach) -> dict[str, Any]:
    """Leave of what is told once what a caller may see."""
    if reach.whole:
        return told
    capacity = [
        one for one in told.get("capacity", []) if reach.covers(one["owner_id"], one["team"])
    ]
    kept = {name: told[name] for name in ("assumption", "experiments") if name in told}
    return kept | {"capacity": capacity}


def others(
    engine: Engine,
    pipeline: str,
    week: str,
    reaches: Sequence[Reach],
    after: str = "",
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Return the open deals that a list leaves out, by deal_id, each with why.

    Args:
        engine: the database.
        pipeline: whose list.
        week: the ISO date of its Monday, or "latest".
        reaches: which deals the caller may see, and asked for: all must hold.
        after: leave out the ids up to this one.
        limit: how many at most.

    Raises:
        BadInput: week is neither a Monday nor "latest".
        NotFound: no list was published for it.
    """
    page = select(list_others.c.item).where(list_others.c.deal_id > after)
    for reach in reaches:
        page = reach.select(page, list_others.c.owner_id, list_others.c.team)
    with engine.connect() as connection:
        page = page.filter_by(pipeline=pipeline, week=week_of(connection, pipeline, week))
        texts = connection.scalars(page.order_by(list_others.c.deal_id).limit(limit))
        return [json.loads(text) for text in texts]


def week_of(connection: Connection, pipeline: str, week: str) -> str:
    """Return the Monday of a published list.

    Raises:
        BadInput: week is neither a Monday nor "latest".
        NotFound: no list was published for it.
    """
    _check_week(week)
    return str(_head(connection, pipeline, week)["week"])


def _head(connection: Connection, pipeline: str, week: str) -> dict[str, Any]:
    query = select(lists).filter_by(pipeline=pipeline).order_by(lists.c.week.desc())
    if week != LATEST:
        query = query.filter_by(week=week)
    head = connection.execute(query).mappings().first()
    if head is None:
        of_any = connection.execute(select(lists).filter_by(pipeline=pipeline)).first() is not None
        raise NotFound(
            f"no list of {pipeline!r} was published"[:200] + " for this week" * of_any,
            field="week" if of_any else "pipeline",
            value=week if of_any else pipeline,
            remedy="publish it: dealcast week --pipeline …",
        )
    return dict(head)


def _check_week(week: str) -> None:
    if week == LATEST:
        return
    try:
        day = date.fromisoformat(week)
    except ValueError:
        day = None
    if day is None or day.weekday() != 0 or day.isoformat() != week:
        raise BadInput(
            "not a week",
            field="week",
            value=week,
            allowed="the ISO date of a Monday, such as 2026-11-23, or latest",
        )


def _dump(item: dict[str, Any]) -> str:
    return json.dumps(item, ensure_ascii=False, allow_nan=False)
