"""Engines: the same deals give the same features, scores and backtests on each of them."""

import os
import subprocess
import sys
from pathlib import Path

import narwhals as nw
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from polars.testing import assert_frame_equal
from rich.console import Console

from data.database import open_database
from data.engines import Limits, host
from data.errors import NotReady
from data.moments import DAY
from data.records import normalise
from data.settings import Settings
from data.tables import Engine, Tables, collect, lazy_tables, open_tables, write_parquet
from features.compute import compute
from features.snapshots import grid_snapshots
from pipelines import score
from tests import company as small
from tests.histories import CONTEXT, DAYS, PIPELINE, START, Frames, histories
from training.backtest import backtest

QUIET = Console(quiet=True)
TABLES = ("deals", "changes", "activities", "checklist", "contacts", "accounts", "owners")


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def other(request: pytest.FixtureRequest) -> Engine:
    """Return each engine that is held against Polars."""
    chosen: Engine = request.param
    return request.getfixturevalue("spark") if chosen == "spark" else chosen


def rows_of(tables: Tables) -> dict[str, pl.DataFrame]:
    return {name: collect(getattr(tables, name)).sort(pl.all()) for name in TABLES}


def assert_same(ours: Tables, theirs: Tables) -> None:
    found = rows_of(theirs)
    for name, frame in rows_of(ours).items():
        assert_frame_equal(frame, found[name], check_column_order=False)


@settings(max_examples=1, derandomize=True)
@given(frames=histories())
def test_tables_of_a_directory_and_in_memory_are_the_same(
    other: Engine, tmp_path_factory: pytest.TempPathFactory, frames: Frames
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    write_parquet(frames, folder, PIPELINE)
    parts = folder / "changes.parquet"
    parts.unlink()
    parts.mkdir()  # a table may be a folder of files
    frames["changes"].head(3).write_parquet(parts / "0.parquet")
    frames["changes"].slice(3).write_parquet(parts / "1.parquet")
    limits = Limits(folder=folder / "spill")
    held = lazy_tables(frames, PIPELINE)
    assert_same(held, open_tables(folder, PIPELINE.name, other, limits))
    assert_same(held, open_tables(folder, PIPELINE.name, "polars", limits))


@settings(max_examples=1, derandomize=True)
@given(frames=histories())
def test_features_are_the_same(other: Engine, frames: Frames) -> None:
    def computed(engine: Engine) -> pl.DataFrame:
        tables = lazy_tables(frames, PIPELINE, engine)
        return compute(tables, grid_snapshots(tables, START + DAYS * DAY, 5), CONTEXT)

    ours, theirs = computed("polars"), computed(other)
    assert len(ours)
    assert_frame_equal(ours, theirs, rel_tol=1e-12, abs_tol=0)


def test_the_database_is_scored_the_same(other: Engine, company: Settings, tmp_path: Path) -> None:
    def scored(engine: Engine) -> pl.DataFrame:
        out = tmp_path / f"{engine}.parquet"
        score.run("sales", small.END, company.model_copy(update={"engine": engine}), QUIET, out)
        return pl.read_parquet(out)

    ours = scored("polars")
    assert len(ours) > 10
    assert_frame_equal(ours, scored(other), rel_tol=1e-9, abs_tol=1e-9)


def test_the_database_gives_every_row_that_was_brought_in(
    other: Engine, company: Settings, history: Tables
) -> None:
    engine = open_database(company)
    assert_same(history, open_tables(engine, "sales"))
    assert_same(history, open_tables(engine, "sales", other, Limits(folder=company.spill)))
    engine.dispose()


@pytest.mark.slow
def test_a_directory_is_backtested_the_same(other: Engine, tmp_path: Path) -> None:
    frames = normalise(small.history(), small.PIPELINE).frames
    write_parquet(frames, tmp_path, small.PIPELINE)

    def won(engine: Engine) -> np.ndarray:
        tables = open_tables(tmp_path, small.NAME, engine, Limits(folder=tmp_path / "spill"))
        origin = backtest(tables, small.PIPELINE, small.END - 60 * DAY, small.SMALL, seed=0)
        return origin.curves.won

    np.testing.assert_allclose(won("polars"), won(other), rtol=1e-9)


def test_tables_are_a_setting(company: Settings, tmp_path: Path) -> None:
    engine = open_database(company)
    tables = open_tables(engine, "sales")
    engine.dispose()
    frames = {name: collect(getattr(tables, name)) for name in TABLES}
    write_parquet(frames, tmp_path, small.PIPELINE)
    there = company.model_copy(update={"tables": tmp_path})
    ours, theirs = (score.run("sales", small.END, one, QUIET) for one in (company, there))
    assert_frame_equal(ours.rows, theirs.rows)


def test_duckdb_goes_to_disk_when_its_memory_is_full(tmp_path: Path) -> None:
    file, numbers = tmp_path / "rows.parquet", np.random.default_rng(0).random((3_000_000, 8))
    rows = pl.DataFrame(numbers, schema=[f"x{place}" for place in range(8)])
    rows.write_parquet(file)
    duck = host("duckdb", Limits("100MB", tmp_path / "spill"))
    assert rows.estimated_size() > 150e6
    with duck.scratch():
        kept = duck.keep(duck.scan(file))
        spilled = [one for one in (tmp_path / "spill").rglob("*") if one.is_file()]
        assert sum(one.stat().st_size for one in spilled) > 0
        assert_frame_equal(collect(kept.sort("x0").head(9)), rows.sort("x0").head(9))


def test_duckdb_without_memory_says_which_setting_to_change(tmp_path: Path) -> None:
    duck = host("duckdb", Limits("3MB", tmp_path))
    many = pl.DataFrame({"x": np.random.default_rng(0).random(300_000)})
    many.write_parquet(tmp_path / "rows.parquet")
    rows = duck.scan(tmp_path / "rows.parquet")
    held = nw.col("x").cum_sum().over(order_by="x")
    for ask in (collect, duck.keep):
        with pytest.raises(NotReady, match="memory") as told:
            ask(rows.with_columns(held=held))
        assert told.value.field == "DEALCAST_MEMORY_LIMIT"
        assert "raise" in told.value.remedy


KILLED = """
import os, pathlib, signal, sys
from data.engines import Limits
made = Limits(folder=pathlib.Path(sys.argv[1])).spill()
(made / "rows").write_bytes(b"many")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_job_has_left_is_removed_and_what_is_in_use_stays(tmp_path: Path) -> None:
    used = Limits(folder=tmp_path).spill()
    (used / "rows").touch()
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    assert killed.returncode < 0
    left = {one for one in tmp_path.iterdir() if one.is_dir()} - {used}
    assert [one.name for one in left.pop().iterdir()] == ["rows"]
    fresh = Limits(folder=tmp_path).spill()
    assert {one for one in tmp_path.iterdir() if one.is_dir()} == {used, fresh}
    assert (used / "rows").is_file()
    assert list(fresh.iterdir()) == []


def test_without_java_the_command_says_what_to_do(company: Settings, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    told = subprocess.run(
        [Path(sys.executable).with_name("dealcast"), "score", "--pipeline", "sales"],
        env=environment
        | {
            "DEALCAST_ENGINE": "spark",
            "DEALCAST_WORKSPACE": str(company.workspace),
            "PATH": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert "Java" in told.stderr
    assert "default-jre-headless" in told.stderr
