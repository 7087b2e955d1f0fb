"""Rows in bulk, in and out of the database, inside the caller's transaction.

The rows go through the one driver that SQLAlchemy has open. A second SQLite library in the
process would read five times as fast, and lose data: see docs/decisions/one-sqlite.md.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from data.database import BUSY_MS, take_turn

_INSERTS: Final[dict[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_POLARS_TYPES: Final[dict[type, pl.DataType]] = {
    str: pl.String(),
    int: pl.Int64(),
    float: pl.Float64(),
}
_CHUNK: Final = 50_000
MOST_NAMED: Final = 10_000
"""How many words one statement names: SQLite takes 32,766."""
_TOGETHER: Final = 500
"""Rows of one statement: databases limit its values."""
_PATIENCE_MS: Final = 50
_TURN: Final = 0x6465616C
"""What PostgreSQL knows the turn of whoever looks and then writes by."""


@dataclass(frozen=True)
class Merged:
    """What a merge did: rows that were new, rows that were other than before, rows as before."""

    accepted: int = 0
    changed: int = 0
    unchanged: int = 0


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that will write: committed at its end, undone when it raises."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # Wait for the lock now: one that reads first and writes later is refused instead.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def pushing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that looks at what stands and then writes, before another does so.

    Raises:
        OperationalError: others have not ended for half a minute.
    """
    with writing(engine) as transaction:
        if engine.dialect.name == "postgresql":
            transaction.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_MS}")
        take_turn(transaction, _TURN)
        yield transaction


@contextmanager
def writing_now(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that writes within a twentieth of a second or not at all.

    For what no request should wait for: counts of calls, marks of use. An ingest may hold
    SQLite's only write lock for a minute.

    Raises:
        OperationalError: others hold the lock.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_PATIENCE_MS}")
            yield connection
            connection.commit()
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_MS}")


def read(connection: sa.Connection, query: sa.Select[Any]) -> pl.DataFrame:
    """Run a query; its columns have their declared types, even when all values are null."""
    return pl.concat(_chunks(connection, query))


def spill(connection: sa.Connection, query: sa.Select[Any], file: Path) -> None:
    """Run a query into a Parquet file, holding some rows of it at a time."""
    import pyarrow.parquet as pq  # here, because the request path never needs it

    chunks = _chunks(connection, query)
    first = next(chunks).to_arrow(compat_level=pl.CompatLevel.oldest())
    with pq.ParquetWriter(file, first.schema) as writer:
        for chunk in chunks:
            writer.write_table(chunk.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _chunks(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[pl.DataFrame]:
    """Yield no rows, which say what the columns are, and then all rows in pieces."""
    schema = {c.name: _POLARS_TYPES[c.type.python_type] for c in query.selected_columns}
    yield pl.DataFrame(schema=schema)
    # PostgreSQL's driver would hold the whole answer otherwise
    result = connection.execute(query, execution_options={"stream_results": True})
    with _no_garbage_collection():
        for rows in result.partitions(_CHUNK):
            columns = zip(schema.items(), zip(*rows, strict=True), strict=True)
            yield pl.DataFrame([pl.Series(n, v, dtype=t) for (n, t), v in columns])


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Spare millions of new tuples the search for cycles, which takes half of the reading."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def append(
    connection: sa.Connection,
    table: sa.Table,
    names: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Insert rows, each with the values of the named columns.

    Many rows are one statement. A statement a row would give up the interpreter's lock once a row,
    and wait for a busy loop of requests each time to have it back.
    """
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    columns, row = ", ".join(names), f"({', '.join([mark] * len(names))})"
    for at in range(0, len(rows), _TOGETHER):
        part = rows[at : at + _TOGETHER]
        values = ", ".join([row] * len(part))
        insert = f"INSERT INTO {table.name} ({columns}) VALUES {values}"  # noqa: S608  # our names
        connection.exec_driver_sql(insert, tuple(chain.from_iterable(part)))


def merge(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> Merged:
    """Insert the rows whose key is new, and update those that differ.

    Args:
        connection: a transaction, from `writing`.
        table: the table to merge into.
        frame: rows with all its columns, no key twice.

    """
    if frame.is_empty():
        return Merged()
    staged = sa.Table(
        f"staged_{table.name}",
        sa.MetaData(),
        *(sa.Column(c.name, c.type) for c in table.c),
        prefixes=["TEMPORARY"],
    )
    staged.create(connection)
    _load(connection, staged, frame.select(table.c.keys()))
    merged = _compare(connection, table, staged, frame.height)
    if merged.unchanged < frame.height:
        connection.execute(_upsert(connection.dialect.name, table, staged))
    staged.drop(connection)
    return merged


def _load(connection: sa.Connection, staged: sa.Table, frame: pl.DataFrame) -> None:
    if connection.dialect.name == "postgresql":
        driver = connection.connection.cursor()
        with driver.copy(f"COPY {staged.name} FROM STDIN (FORMAT csv)") as copy:
            for part in frame.iter_slices(_CHUNK):
                copy.write(part.write_csv(include_header=False).encode())
        driver.close()
        return
    marks = ", ".join("?" * frame.width)
    insert = f"INSERT INTO {staged.name} VALUES ({marks})"  # noqa: S608  # our own table's name
    for part in frame.iter_slices(_CHUNK):
        connection.exec_driver_sql(
            insert, list(zip(*(column.to_list() for column in part), strict=True))
        )


def _compare(connection: sa.Connection, table: sa.Table, staged: sa.Table, rows: int) -> Merged:
    same_key = sa.and_(*(table.c[c.name] == staged.c[c.name] for c in table.primary_key))
    differing = sa.func.count(sa.case((_differs(table, staged.c), 1)))
    query = sa.select(sa.func.count(), differing).select_from(sa.join(staged, table, same_key))
    known, changed = connection.execute(query).one()
    return Merged(rows - known, changed, known - changed)


def _upsert(backend: str, table: sa.Table, staged: sa.Table) -> Any:
    # SQLite takes "ON" after a bare SELECT for a join's: hence a WHERE that is true.
    insert = _INSERTS[backend](table).from_select(
        table.c.keys(), sa.select(staged).where(sa.true())
    )
    return insert.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: insert.excluded[name] for name in _values(table)},
        where=_differs(table, insert.excluded),
    )


def _values(table: sa.Table) -> list[str]:
    return [c.name for c in table.c if not c.primary_key]


def _differs(table: sa.Table, other: Any) -> sa.ColumnElement[bool]:
    return sa.or_(*(table.c[n].is_distinct_from(other[n]) for n in _values(table)))
