"""A week's list as its page reads it: within reach, filtered, sorted and cut by the database."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from data.database import list_items, list_others, lists
from data.errors import BadInput
from data.moments import parse_moment
from serving.access.reach import Reach
from serving.lists import MOMENTS
from serving.web.words import apart

PAGE: Final = 50
"""Rows of one page."""
SORTS: Final = {
    "stake": list_items.c.value_at_stake,
    "chance": list_items.c.p_won_period,
    "close": list_items.c.close_median,
    "touch": list_items.c.last_touch_at,
    "score": list_items.c.score,
    "amount": list_items.c.amount,
    "due": list_items.c.due_at,
}
"""What the list may be sorted by: a name in the address, and the column."""


@dataclass(frozen=True)
class Asked:
    """What the address asks of the list.

    Attributes:
        pipeline: whose list.
        reaches: what the viewer may see and what they chose of it: all must hold.
        week: the ISO date of a Monday; the newest by default.
        words: to be found in title, customer, seller or id.
        equal: columns and what they must be.
        sort: one of `SORTS`, with "-" before it where it goes down; by position when empty.
        after: rows to leave out.
    """

    pipeline: str
    reaches: tuple[Reach, ...]
    week: str | None = None
    words: str = ""
    equal: tuple[tuple[str, str], ...] = ()
    sort: str = ""
    after: int = 0


@dataclass(frozen=True)
class Listed:
    """A page of a week's list.

    Attributes:
        week: the ISO date of its Monday.
        as_of: what was known then made it.
        bundle: what scored it.
        items: as published; positions count what is in view, so they tell nothing of the rest.
        columns: what each item has, where there is one, whatever the filter.
        size: how many fit the filter, on all pages.
        whole: how many there are without it.
        before: by deal, what the week before said of it; only of the items here.
        told: what is told once for all of the list, see `serving.lists.Published`.
    """

    week: str
    as_of: int
    bundle: str
    items: list[dict[str, Any]]
    columns: list[str]
    size: int
    whole: int
    before: dict[str, dict[str, Any]]
    told: dict[str, Any]


def weeks(engine: sa.Engine, pipeline: str, most: int = 26) -> list[str]:
    """Return the weeks whose lists were published, newest first."""
    query = sa.select(lists.c.week).where(lists.c.pipeline == pipeline)
    with engine.connect() as connection:
        return list(connection.scalars(query.order_by(lists.c.week.desc()).limit(most)))


def read(engine: sa.Engine, asked: Asked, limit: int | None = PAGE) -> Listed | None:
    """Read a page of a list; None where none was published.

    Raises:
        BadInput: there is nothing to sort by under this name.
    """
    with engine.connect() as connection:
        head = _head(connection, asked)
        if head is None:
            return None
        mine = _mine(asked, head.week)
        found = mine.where(*_conditions(asked))
        size, whole = (
            connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
            for query in (found, mine)
        )
        items = _items(connection, asked, head.week, found, limit)
        one = items or _items(connection, asked, head.week, mine, 1)
        before = _before(connection, asked, head.week, [item["deal_id"] for item in items])
    told = json.loads(head.told or "{}")
    columns = list(next(iter(one), _LEAST))
    return Listed(head.week, head.as_of, head.bundle, items, columns, size, whole, before, told)


def item_of(engine: sa.Engine, pipeline: str, week: str, deal_id: str) -> dict[str, Any] | None:
    """Return what a week's list says of a deal, listed or not, or None; rights were asked of."""
    with engine.connect() as connection:
        for table in (list_items, list_others):
            query = sa.select(table.c.item).filter_by(pipeline=pipeline, week=week, deal_id=deal_id)
            text = connection.scalar(query)
            if text is not None:
                item: dict[str, Any] = json.loads(text)
                return item
    return None


def stages(engine: sa.Engine, asked: Asked, week: str) -> list[str]:
    """Return the stages that the list's deals stand in, sorted."""
    stage = list_items.c.stage
    query = _mine(asked, week).with_only_columns(stage).where(stage.is_not(None)).distinct()
    with engine.connect() as connection:
        return sorted(connection.scalars(query))


def sellers(engine: sa.Engine, asked: Asked, week: str) -> list[tuple[str, str]]:
    """Return the id and name of each seller whose deals the list has, by name."""
    columns = (list_items.c.owner_id, list_items.c.owner)
    query = _mine(asked, week).with_only_columns(*columns).distinct()
    with engine.connect() as connection:
        rows = connection.execute(query.where(list_items.c.owner_id.is_not(None))).all()
    return apart(sorted(((row[0], row[1] or row[0]) for row in rows), key=lambda one: one[1]))


def frame_of(items: list[dict[str, Any]], columns: Sequence[str] = ()) -> pl.DataFrame:
    """Return items as the frame that they were published from, for files.

    A column that holds nothing is one of text: JSON does not tell what else it would be.

    Args:
        items: as a list's, listed or not.
        columns: what there is where there is no item.
    """
    rows = [item | _moments(item) for item in items]
    names = {name for row in rows for name in row} or columns
    kinds = {name: _KINDS[name] for name in names if name in _KINDS}
    if rows:
        frame = pl.DataFrame(rows, schema_overrides=kinds, infer_schema_length=None, strict=False)
    else:
        frame = pl.DataFrame({name: [] for name in columns}, schema_overrides=kinds)
    return frame.with_columns(pl.col(pl.Null).cast(pl.String))


def _moments(item: dict[str, Any]) -> dict[str, int | None]:
    told = {name: item.get(name) for name in MOMENTS if name in item}
    return {name: None if at is None else parse_moment(at) for name, at in told.items()}


def _head(connection: sa.Connection, asked: Asked) -> Any:
    query = sa.select(lists).where(lists.c.pipeline == asked.pipeline)
    if asked.week:
        query = query.where(lists.c.week == asked.week)
    return connection.execute(query.order_by(lists.c.week.desc()).limit(1)).first()


def _mine(asked: Asked, week: str) -> sa.Select[Any]:
    query = sa.select(list_items.c.position).where(*_of_week(asked, week))
    for reach in asked.reaches:
        query = reach.select(query, list_items.c.owner_id, list_items.c.team)
    return query


def _of_week(asked: Asked, week: str) -> tuple[sa.ColumnElement[bool], ...]:
    return list_items.c.pipeline == asked.pipeline, list_items.c.week == week


def _items(
    connection: sa.Connection, asked: Asked, week: str, found: sa.Select[Any], limit: int | None
) -> list[dict[str, Any]]:
    """Read a page of items; who is on it is found first, so that only its own JSON is read."""
    order = _order(asked.sort)
    page = found.order_by(*order).offset(asked.after).limit(limit).scalar_subquery()
    query = sa.select(list_items.c.item).where(
        *_of_week(asked, week), list_items.c.position.in_(page)
    )
    texts = connection.scalars(query.order_by(*order))
    return [
        json.loads(text) | {"position": place} for place, text in enumerate(texts, asked.after + 1)
    ]


def _conditions(asked: Asked) -> list[sa.ColumnElement[bool]]:
    columns = list_items.c
    found = [columns[name] == value for name, value in asked.equal]
    for word in asked.words.split():
        places = (columns.title, columns.account, columns.deal_id, columns.owner)
        found.append(sa.or_(*(place.icontains(word, autoescape=True) for place in places)))
    return found


def _order(sort: str) -> Sequence[sa.ColumnElement[Any]]:
    name = sort.removeprefix("-")
    if not sort:
        return [list_items.c.position.asc()]
    if name not in SORTS:
        raise BadInput("nothing to sort by", field="sort", value=sort, allowed=", ".join(SORTS))
    ordered = SORTS[name].desc() if sort.startswith("-") else SORTS[name].asc()
    return [ordered.nulls_last(), list_items.c.position.asc()]


def _before(
    connection: sa.Connection, asked: Asked, week: str, deals: list[str]
) -> dict[str, dict[str, Any]]:
    """Read what the list before this one said of some deals; rights were asked of this one."""
    earlier = sa.select(sa.func.max(lists.c.week)).where(
        lists.c.pipeline == asked.pipeline, lists.c.week < week
    )
    query = sa.select(list_items.c.deal_id, list_items.c.item).where(
        list_items.c.pipeline == asked.pipeline,
        list_items.c.week == earlier.scalar_subquery(),
        list_items.c.deal_id.in_(deals),
    )
    return {row.deal_id: json.loads(row.item) for row in connection.execute(query)}


_TEXTS: Final = pl.Struct({"zh": pl.String, "en": pl.String})
_TOLD: Final = pl.Struct({"kind": pl.String, "zh": pl.String, "en": pl.String})
_REASON: Final = pl.Struct({"zh": pl.String, "en": pl.String, "effect": pl.Float64})
# what `serving.insights.export` reads of columns that may hold nothing
_KINDS: Final[dict[str, Any]] = {
    **dict.fromkeys(MOMENTS, pl.Int64),
    **dict.fromkeys(("action", "decision_why"), _TEXTS),
    **dict.fromkeys(("warnings", "factors", "risks"), pl.List(_TOLD)),
    **dict.fromkeys(("cost", "cost_share"), pl.Float64),
    **dict.fromkeys(("overdue", "effective", "stagnant", "explored", "swapped"), pl.Boolean),
    "assigned": pl.Struct({"owner": pl.String, "zh": pl.String, "en": pl.String}),
    "reasons": pl.List(_REASON),
}
_LEAST: Final = ("position", "deal_id", "title", "account", "owner_id", "owner")
"""Columns of a list that has no item at all."""
