"""Lookups: small queries that every request asks, without what a query costs around its answer.

SQLite answers within a few microseconds; SQLAlchemy takes ten times that to run a statement that
it has built already. So what is asked at each request of SQLite goes to the driver itself. The
server of PostgreSQL is further away than that: it is asked as anything else is.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)
"""What a lookup's query asks for."""


@dataclass(frozen=True, eq=False)
class Lookup:
    """A query for the rows of some ids.

    Attributes:
        query: compares a column with `IDS`; what else it compares with are parameters too.
    """

    query: sa.Select[Any]

    def rows(self, engine: sa.Engine, ids: Sequence[str], **values: str) -> list[dict[str, Any]]:
        """Return the rows of some ids.

        Raises:
            DBAPIError: the database does not answer.
        """
        if not ids:
            return []
        if engine.dialect.name != "sqlite":
            with engine.connect() as connection:
                found = connection.execute(self.query, {"ids": ids, **values})
                return [dict(row) for row in found.mappings()]
        ids = [*ids, *[ids[-1]] * (_rounded(len(ids)) - len(ids))]
        text, names = _text(self, engine.dialect, tuple(values), len(ids))
        rest = iter(ids)
        told = [values[name] if name in values else next(rest) for name in names]
        of = engine.dialect.loaded_dbapi.Error
        try:
            with closing(engine.raw_connection()) as held:
                cursor = held.cursor()
                cursor.execute(text, told)
                columns = [one[0] for one in cursor.description]
                return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        except of as error:
            raise sa.exc.DBAPIError.instance(text, told, error, of) from error


def _rounded(count: int) -> int:
    """Return the next power of two, so that few statements are built and kept."""
    return 1 << (count - 1).bit_length()


@lru_cache(maxsize=256)
def _text(
    lookup: Lookup, dialect: sa.Dialect, others: tuple[str, ...], count: int
) -> tuple[str, list[str]]:
    """Return the statement for so many ids, and the names of its parameters in their order."""
    query = lookup.query.params(ids=[""] * count, **dict.fromkeys(others, ""))
    compiled = query.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    return compiled.string, compiled.positiontup or []
