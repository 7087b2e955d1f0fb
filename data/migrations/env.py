"""Alembic's entry: migrates on the connection that `data.database` hands over."""

from alembic import context

from data import audit, ledger, outbox, people, standing  # noqa: F401  # their tables join the metadata
from data.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
)
with context.begin_transaction():
    context.run_migrations()
