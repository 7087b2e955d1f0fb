"""Open deals as the page Deals finds them: in standing scores, by the database, a page at a time.

A page begins behind the last row of the one before, named by a cursor: rows that come or go
between two pages shift nothing.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from data.bulk import read as read_frame
from data.database import contract_tables
from data.errors import BadInput
from data.standing import standing
from serving.access.reach import Reach
from serving.web.words import apart

PAGE: Final = 50
MOST: Final = 100_000
"""Rows of a file: more than a spreadsheet is read in."""
SORTS: Final = {
    "score": standing.c.score,
    "amount": standing.c.amount,
    "expected": standing.c.amount_at_close,
    "close": standing.c.close_median,
    "touch": standing.c.last_touch_at,
    "title": standing.c.title,
    "account": standing.c.account,
    "stage": standing.c.stage,
    "owner": standing.c.owner,
}
STANDARD: Final = "-score"
EXPORTED: Final = (
    *("deal_id", "title", "account", "stage", "owner_id", "owner", "team", "amount", "currency"),
    *("amount_at_close", "score", "grade", "close_median", "close_from", "close_to"),
    *("last_touch_at", "last_touch_kind", "served_by"),
)
"""Columns of a file: the table's own names, headed by `serving.insights.export`."""


@dataclass(frozen=True)
class Wanted:
    """Which deals are looked for.

    Attributes:
        pipeline: whose deals.
        reaches: what the viewer may see and what they chose of it: all must hold.
        words: to be found in title, customer, seller or id.
        equal: columns and what they must be.
        sort: one of `SORTS`, with "-" before it where it goes down.
        cursor: the end of the page before.
    """

    pipeline: str
    reaches: tuple[Reach, ...]
    words: str = ""
    equal: tuple[tuple[str, str], ...] = ()
    sort: str = STANDARD
    cursor: str | None = None


@dataclass(frozen=True)
class Found:
    """A page of deals, how many there are in all, and the cursor to the next page."""

    rows: list[dict[str, Any]]
    size: int
    next: str | None


def find(engine: sa.Engine, wanted: Wanted) -> Found:
    """Return a page of deals.

    Raises:
        BadInput: nothing to sort by, or not a cursor of this order.
    """
    query, order = _query(wanted), _order(wanted)
    # who is on the page is found in an index; only then are whole rows read, which are wide
    ids = query.where(_behind(wanted)).order_by(*order).limit(PAGE + 1)
    page = sa.select(standing).where(
        standing.c.pipeline == wanted.pipeline, standing.c.deal_id.in_(ids.scalar_subquery())
    )
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(page.order_by(*order)).mappings()]
        size = connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    more = len(rows) > PAGE
    return Found(rows[:PAGE], size, _cursor(wanted, rows[PAGE - 1]) if more else None)


def frame_of(engine: sa.Engine, wanted: Wanted) -> pl.DataFrame:
    """Return all deals that are wanted, as a frame of `EXPORTED`, for files."""
    query = _query(wanted).order_by(*_order(wanted)).limit(MOST)
    with engine.connect() as connection:
        return read_frame(
            connection, query.with_only_columns(*(standing.c[name] for name in EXPORTED))
        )


def stages(engine: sa.Engine, wanted: Wanted) -> list[str]:
    """Return the stages that deals within reach stand in, sorted."""
    return sorted(_distinct(engine, wanted, standing.c.stage))


def sellers(engine: sa.Engine, wanted: Wanted) -> list[tuple[str, str]]:
    """Return the id and name of each seller of deals within reach, by name."""
    ids, owners = _distinct(engine, wanted, standing.c.owner_id), contract_tables["owners"]
    query = sa.select(owners.c.owner_id, owners.c.name).where(owners.c.owner_id.in_(ids))
    with engine.connect() as connection:
        names = {row.owner_id: row.name for row in connection.execute(query)}
    return apart(sorted(((one, names.get(one) or one) for one in ids), key=lambda one: one[1]))


def _distinct(engine: sa.Engine, wanted: Wanted, column: sa.Column[Any]) -> list[str]:
    query = _within(wanted).with_only_columns(column).where(column.is_not(None)).distinct()
    with engine.connect() as connection:
        return list(connection.scalars(query))


def _within(wanted: Wanted) -> sa.Select[Any]:
    query = sa.select(standing.c.deal_id).where(standing.c.pipeline == wanted.pipeline)
    for reach in wanted.reaches:
        query = reach.select(query, standing.c.owner_id, standing.c.team)
    return query


def _query(wanted: Wanted) -> sa.Select[Any]:
    query = _within(wanted).where(*(standing.c[name] == value for name, value in wanted.equal))
    places = (standing.c.title, standing.c.account, standing.c.owner)
    text = sum((sa.func.coalesce(one, "") + " " for one in places), standing.c.deal_id + " ")
    for word in wanted.words.split():
        query = query.where(text.icontains(word, autoescape=True))
    return query


def _sorted(wanted: Wanted) -> tuple[sa.ColumnElement[Any], bool]:
    """Return what is sorted by, never null so that a page can begin behind it, and whether down."""
    name = wanted.sort.removeprefix("-")
    if name not in SORTS:
        raise BadInput(
            "nothing to sort by", field="sort", value=wanted.sort, allowed=", ".join(SORTS)
        )
    column, down = SORTS[name], wanted.sort.startswith("-")
    if isinstance(column.type, sa.Text):
        return sa.func.coalesce(column, "" if down else "\U0010ffff"), down
    return sa.func.coalesce(column, -_FAR if down else _FAR), down


_FAR: Final = 2**62


def _order(wanted: Wanted) -> tuple[sa.ColumnElement[Any], ...]:
    key, down = _sorted(wanted)
    return (key.desc() if down else key.asc(), standing.c.deal_id.asc())


def _behind(wanted: Wanted) -> sa.ColumnElement[bool]:
    if not wanted.cursor:
        return sa.true()
    (key, down), (value, deal_id) = _sorted(wanted), _read_cursor(wanted.cursor)
    further = key < value if down else key > value
    return sa.or_(further, sa.and_(key == value, standing.c.deal_id > deal_id))


def _cursor(wanted: Wanted, row: dict[str, Any]) -> str:
    _, down = _sorted(wanted)
    column = SORTS[wanted.sort.removeprefix("-")]
    value = row[column.name]
    if value is None:
        text = isinstance(column.type, sa.Text)
        value = ("" if down else "\U0010ffff") if text else (-_FAR if down else _FAR)
    return urlsafe_b64encode(json.dumps([value, row["deal_id"]]).encode()).decode()


def _read_cursor(cursor: str) -> tuple[Any, str]:
    try:
        value, deal_id = json.loads(urlsafe_b64decode(cursor))
        if not isinstance(value, str | int | float) or not isinstance(deal_id, str):
            raise ValueError
    except ValueError:
        raise BadInput(
            "not a cursor", field="after", value=cursor, remedy="begin at the first page"
        ) from None
    return value, deal_id
