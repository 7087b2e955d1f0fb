"""What the database holds of each pipeline, and how all of it is forgotten."""

from typing import Any, Final

import sqlalchemy as sa

from data import audit, ledger, outbox, standing  # noqa: F401  # their tables join the metadata
from data.audit import commander
from data.bulk import writing
from data.database import metadata, pipelines
from data.moments import now

_OF_ONE: Final = tuple(table for table in metadata.sorted_tables if "pipeline" in table.c)
"""Tables whose rows belong to one pipeline; accounts, owners and targets belong to all."""


def holdings(database: sa.Engine) -> dict[str, dict[str, int]]:
    """Return the number of rows by pipeline and table; tables without any are left out."""
    with database.connect() as connection:
        held: dict[str, dict[str, int]] = {
            name: {} for name in connection.scalars(sa.select(pipelines.c.name).order_by("name"))
        }
        for table in _OF_ONE:
            counts = sa.select(table.c.pipeline, sa.func.count()).group_by(table.c.pipeline)
            for name, rows in connection.execute(counts):
                held.setdefault(name, {})[table.name] = rows
    return held


def forget(database: sa.Engine, pipeline: str) -> None:
    """Delete all that belongs to a pipeline and its settings, in one transaction."""
    queries: list[Any] = [sa.delete(table).filter_by(pipeline=pipeline) for table in _OF_ONE]
    with writing(database) as transaction:
        for query in (*queries, sa.delete(pipelines).filter_by(name=pipeline)):
            transaction.execute(query)
        audit.record(transaction, commander(), "pipeline.deleted", now(), pipeline)
