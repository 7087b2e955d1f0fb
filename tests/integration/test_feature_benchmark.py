"""The benchmark's companies: engines, the pandas way and plain SQL say the same of them."""
# ruff: noqa: S608 - all of the SQL is written here

import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from benchmarks.features import ours, pandas_way, task
from benchmarks.features.page import page
from benchmarks.features.watch import watch
from data.engines import Engine
from data.moments import DAY

DEALS = 150


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _company(tmp_path_factory.mktemp("late"), 0.2)


@pytest.fixture(scope="module")
def punctual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _company(tmp_path_factory.mktemp("punctual"), 0.0)


def _company(folder: Path, late: float) -> Path:
    task.write(folder, DEALS, late)
    ours.main("polars", folder, folder / "features" / "polars")
    return folder


def test_a_made_company_has_the_shape_that_is_claimed(late: Path) -> None:
    size = task.size(late)
    assert size["deals"] == DEALS
    assert size["events"] > 20 * DEALS
    assert size["snapshots"] > 10 * DEALS
    changes = pl.read_parquet(late / "changes.parquet")
    assert 0.1 < (changes["recorded_at"] > changes["at"]).mean() < 0.3
    assert changes["deal_id"].is_sorted()


def test_duckdb_agrees_on_every_value(late: Path) -> None:
    _agrees("duckdb", late)


@pytest.mark.slow
def test_spark_agrees_on_every_value(spark: Engine, late: Path) -> None:
    _agrees(spark, late)


def _agrees(engine: Engine, late: Path) -> None:
    out = late / "features" / engine
    ours.main(engine, late, out)
    rows = pl.read_parquet(out / "*.parquet")
    assert len(rows) == task.size(late)["snapshots"]
    assert len(rows.columns) > 60
    assert task.differing(late / "features" / "polars", out) == []


def test_the_pandas_way_says_the_same_where_nothing_is_late(punctual: Path) -> None:
    out = punctual / "features" / "pandas"
    pandas_way.main(punctual, out)
    assert task.differing(punctual / "features" / "polars", out) == []
    ours = pl.scan_parquet(punctual / "features" / "polars" / "*.parquet").collect_schema()
    assert set(pl.read_parquet_schema(out / "all.parquet")) == set(ours.names())


def test_another_value_is_named(punctual: Path, tmp_path: Path) -> None:
    rows = pl.read_parquet(punctual / "features" / "polars" / "*.parquet")
    other = rows.select("deal_id", "as_of", "done", pl.col("silence") + 1)
    other.write_parquet(tmp_path / "all.parquet")
    assert task.differing(punctual / "features" / "polars", tmp_path) == ["silence"]


_KNOWN = "f.deal_id = s.deal_id AND f.recorded_at <= s.as_of"
_WITHIN = f"{_KNOWN} AND f.recorded_at > s.as_of - 28 * {DAY}"
_ORDER = "(f.at, f.recorded_at, f.seq)"
SQL = {
    "done_in:28": f"SELECT count(*) FROM activities f WHERE {_WITHIN} AND status = 'done'",
    "heard_in:28": f"SELECT count(*) FROM activities f WHERE {_WITHIN} AND direction = 'in'",
    "stage_moves_in:28": f"SELECT count(*) FROM changes f WHERE {_WITHIN} AND field = 'stage'",
    "planned:call": "SELECT count(*) FROM activities f "
    f"WHERE {_KNOWN} AND kind = 'call' AND status = 'planned'",
    "covered:coach": f"SELECT count(*) FROM contacts f WHERE {_KNOWN} AND role = 'coach'",
    "stage": f"SELECT arg_max(value, {_ORDER}) FROM changes f WHERE {_KNOWN} AND field = 'stage'",
    "amount": f"SELECT arg_max(number, {_ORDER}) FROM changes f "
    f"WHERE {_KNOWN} AND field = 'amount'",
    "silence": f"SELECT (s.as_of - max(f.at)) * (1 / {DAY}::DOUBLE) FROM activities f "
    f"WHERE {_KNOWN} AND status = 'done'",
}
"""What features mean, in plain SQL: a question to all facts for each snapshot."""


@pytest.mark.parametrize("name", SQL)
def test_features_agree_with_plain_sql(name: str, late: Path) -> None:
    connection = duckdb.connect()
    for table in ("changes", "activities", "contacts", "snapshots"):
        connection.execute(f"CREATE VIEW {table} AS FROM '{late / table}.parquet'")
    asked = f"SELECT ({SQL[name]}) AS said FROM snapshots s ORDER BY s.deal_id, s.as_of"
    said = connection.sql(asked).pl()["said"]
    rows = pl.read_parquet(late / "features" / "polars" / "*.parquet").sort("deal_id", "as_of")
    assert rows[name].equals(said.cast(rows[name].dtype), null_equal=True)


def test_what_a_command_starts_is_watched_too(tmp_path: Path) -> None:
    inner = "import time; held = bytearray(200_000_000); time.sleep(1)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    watched = watch([sys.executable, "-c", outer], 60, 2, tmp_path / "log")
    assert watched.exit_code == 0
    assert watched.peak_mb > 200


def test_a_command_whose_time_is_over_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    assert watch(command, 0.5, 2, tmp_path / "log").exit_code < 0


def _record(contender: str, deals: int, late: float, **said: Any) -> dict[str, Any]:
    told = {"events": 25 * deals, "snapshots": 10 * deals, "exit_code": 0, "wall_s": 1.0}
    told |= {"cpu_s": 2.0, "peak_mb": 100.0, "features": 92, "rows": 10 * deals, "differing": []}
    machine = {"cpus": 2, "memory_gb": 16.0, "load_before": 0.1}
    about = {"machine": machine, "versions": {"polars": "2"}, "date": "2026-01-05T00:00:00"}
    return {"contender": contender, "deals": deals, "late": late, **told, **about, **said}


def test_the_page_says_losses_as_losses() -> None:
    text = page(
        [
            _record("polars", 100, 0.2),
            _record("duckdb", 100, 0.2, differing=["silence"]),
            _record("polars", 100, 0.0),
            _record("pandas", 100, 0.0, wall_s=0.5),
            _record("feast", 100, 0.0, exit_code=-9),
        ]
    )
    lines = {line.split(" | ")[0]: line for line in text.splitlines()}
    assert "**not kept**" in lines["| 10 times as fast as pandas"]
    assert "not measured beyond 100 deals" in lines["| Polars: a million deals in 120 s"]
    assert "differ: silence" in lines["| DuckDB, 4 GB"]
    assert "| 0.5 | 1.0 |" in lines["| pandas"]
    assert "did not finish" in lines["| Feast"]
