"""The workspace's database, for as long as one job takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from data.database import open_database
from data.settings import Settings


@contextmanager
def database_of(settings: Settings) -> Iterator[Engine]:
    """Open the database, and close its connections when the job is done."""
    engine = open_database(settings)
    try:
        yield engine
    finally:
        engine.dispose()
