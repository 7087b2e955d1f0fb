"""`dealcast simulate`, run as a user would."""

import subprocess
import sys
from pathlib import Path

import polars as pl

from data.contract import TABLES, Pipeline


def dealcast(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "dealcast"), "simulate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_simulate_writes_both_pipelines_the_same_each_time(tmp_path: Path) -> None:
    options = ("--deals", "150", "--years", "1", "--seed", "4", "--end", "2026-06-29")
    for name in ("one", "two"):
        done = dealcast("--out", str(tmp_path / name), *options)
        assert done.returncode == 0, done.stderr
        assert "data up to 2026-06-29" in done.stderr
    written = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert {p.parts[0] for p in written} == {"leads", "opportunities"}
    for path in written:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()
    folder = tmp_path / "one" / "opportunities"
    settings = Pipeline.model_validate_json((folder / "pipeline.json").read_text("utf-8"))
    assert settings.stages[0] == "初步接触"
    for table in TABLES.values():
        assert pl.read_parquet(folder / f"{table.name}.parquet").schema == table.schema
    assert len(pl.read_parquet(folder / "truth.parquet"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "two"]  # nothing left over


def test_simulate_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    done = dealcast("--out", str(tmp_path), "--deals", "150")
    assert done.returncode == 2
    assert "the folder is not empty" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["kept.txt"]


def test_simulate_refuses_an_end_within_a_week(tmp_path: Path) -> None:
    done = dealcast("--out", str(tmp_path / "out"), "--end", "2026-06-30")
    assert done.returncode == 2
    assert "2026-06-29" in done.stderr
    assert not (tmp_path / "out").exists()
