"""Lookups: small queries that every request asks, without what a query costs around its answer.

SQLite answers within a few microseconds; SQLAlchemy takes ten times that to run a statement that
it has built already. So what is asked at each request of SQLite goes to the driver itself, and not
even there while nothing was committed since it was answered last. The server of PostgreSQL is
further away than that: it is asked as anything else is.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

import sqlalchemy as sa

Question = TypeVar("Question")
Answer = TypeVar("Answer")

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
            raise sa.exc.DBAPIError.instance(text, told, error, of, hide_parameters=True) from error


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


@dataclass(eq=False)
class Remembered(Generic[Question, Answer]):
    """Answers of a database, until something is committed to it; see `Commits`.

    Attributes:
        name: what the answer to a question is kept under; None where it is not kept.
        most: how many are kept.
    """

    name: Callable[[Question], Hashable | None]
    most: int = 4_096
    _known: dict[Hashable, Answer] = field(default_factory=dict)

    def get(self, question: Question) -> Answer | None:
        """Return the answer to a question, if it was given and nothing was committed since."""
        return self._known.get(self.name(question))

    def keep(self, question: Question, answer: Answer) -> None:
        """Keep an answer that was read a moment ago."""
        name = self.name(question)
        if name is not None:
            if len(self._known) >= self.most:
                self.forget()
            self._known[name] = answer

    def forget(self) -> None:
        """Forget all."""
        self._known.clear()


@dataclass(eq=False)
class Commits:
    """Sees that something was committed to a SQLite database, and makes others forget.

    SQLite knows whether another connection, of whichever process, has committed since the last
    look (`PRAGMA data_version`), and says so in a fifth of the time that a lookup takes. Whoever
    looks at the beginning of a request is told all that was committed before the request came:
    requests that begin in one turn of the loop had all come before it, so one look is enough.
    For one thread, that of the loop.

    Attributes:
        engine: the database.
        others: what forgets.
    """

    engine: sa.Engine
    others: Sequence[Remembered[Any, Any]]
    _version: int | None = None
    _looked: bool = False

    def __post_init__(self) -> None:
        """Take a connection that writes nothing: its own commits it would not see."""
        self._connection = self.engine.raw_connection()
        self._connection.detach()
        self._cursor = self._connection.cursor()

    def look(self) -> None:
        """Make the others forget if anything was committed since the last look."""
        if self._looked:
            return
        self._looked = True
        asyncio.get_running_loop().call_soon(self._turned)
        try:
            (version,) = self._cursor.execute("PRAGMA data_version").fetchone()
        except self.engine.dialect.loaded_dbapi.Error:  # whoever asks the database is told why
            version = None
        if version is None or version != self._version:
            self._version = version
            for one in self.others:
                one.forget()

    def _turned(self) -> None:
        self._looked = False

    def close(self) -> None:
        """Give the connection up."""
        self._connection.close()
