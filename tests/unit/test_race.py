"""The race judges all alike: same deals, same clip, and losses said as losses."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.quality.contenders import CONTENDERS, Clock, check_shape
from benchmarks.quality.fixed import Part, by_horizon
from benchmarks.quality.judge import judged
from benchmarks.quality.measure import measure
from benchmarks.quality.page import page
from benchmarks.quality.race import PROBABILITIES, RECORD, race, runs
from benchmarks.quality.task import UNSEEN, Answers, Asked, Past, Task, load_answers

DEALS = 400
HORIZONS = (7.0, 28.0)


def made(name: str = "made", horizons: tuple[float, ...] = HORIZONS) -> tuple[Task, Answers]:
    rng = np.random.default_rng(0)

    def targets(rows: int) -> np.ndarray:
        return rng.integers(0, 3, (rows, len(horizons)))

    rows = 50
    train = Past(
        x=rng.normal(size=(rows, 2)),
        as_of=np.zeros(rows, dtype=np.int64),
        target=targets(rows),
        days=rng.uniform(1, 30, rows),
        cause=rng.integers(1, 3, rows),
        seen=np.full(rows, 60.0),
        groups=np.arange(rows) // 2,
    )
    task = Task(
        name=name,
        horizons=horizons,
        edges=(0.0, *horizons),
        features=({"name": "age", "kind": "number"}, {"name": "stage", "kind": "category"}),
        calendar=(),
        train=train,
        test=Asked(rng.normal(size=(DEALS, 2)), np.zeros(DEALS, dtype=np.int64)),
    )
    return task, Answers(targets(DEALS), np.arange(DEALS), np.empty((0, len(horizons), 3)))


def said(answers: Answers, right: float) -> np.ndarray:
    """Give the outcome a chance, and the other two half of the rest each."""
    outcome = np.eye(3)[answers.target]
    return outcome * right + (1 - outcome) * (1 - right) / 2


def write(
    folder: Path,
    contender: str,
    probabilities: np.ndarray | None,
    clock_s: int | None,
    cpu_s: float,
) -> None:
    record = {
        "dataset": "made",
        "contender": contender,
        "clock_s": clock_s,
        "seed": 0,
        "error": "killed" if probabilities is None else None,
        "exit_code": 0,
        "wall_s": 200.0,
        "cpu_s": cpu_s,
        "peak_mb": None if probabilities is None else 100.0,
        "versions": {"numpy": "1"},
        "machine": {"cores": 2, "memory_gb": 1.0, "system": "Linux", "load_before": 0.1},
        "date": "2026-01-01T00:00:00+00:00",
    }
    one = folder / f"made.{contender}.{clock_s}.0"
    one.mkdir(parents=True)
    (one / RECORD).write_text(json.dumps(record), encoding="utf-8")
    if probabilities is not None:
        np.save(one / PROBABILITIES, probabilities)


@pytest.fixture
def records(tmp_path: Path) -> list[dict[str, Any]]:
    task, answers = made()
    task.save(tmp_path / "tasks" / "made", answers)
    results = tmp_path / "results"
    write(results, "dealcast", said(answers, 0.6), None, 10.0)
    write(results, "survival_boost", said(answers, 0.599), None, 99.0)
    write(results, "autogluon", said(answers, 0.7), 300, 500.0)
    write(results, "autogluon", said(answers, 0.604), 1800, 3500.0)
    write(results, "stage_rates", said(answers, 0.5), None, 1.0)
    write(results, "dealcast_light", said(answers, 0.55), None, 0.9)
    write(results, "catboost", None, 300, 600.0)
    return judged(results, tmp_path / "tasks")


def by_name(records: list[dict[str, Any]], name: str, clock_s: int | None = None) -> dict[str, Any]:
    return next(r for r in records if (r["contender"], r["clock_s"]) == (name, clock_s))


def test_each_is_judged_on_the_same_deals_against_ours(records: list[dict[str, Any]]) -> None:
    ours, stage = by_name(records, "dealcast"), by_name(records, "stage_rates")
    assert ours["log_loss"] == pytest.approx(-np.log(0.6))
    assert "more_than_ours" not in ours
    # every deal loses the same, so the interval has no width
    more = np.log(0.6) - np.log(0.5)
    assert stage["more_than_ours"] == pytest.approx({"mean": more, "low": more, "high": more})
    assert ours["auc_won_at"] == [1.0, 1.0]


def test_an_impossible_outcome_costs_the_clip_and_no_more(tmp_path: Path) -> None:
    task, answers = made()
    task.save(tmp_path / "tasks" / "made", answers)
    write(tmp_path / "results", "dealcast", said(answers, 0.0), None, 1.0)
    found = judged(tmp_path / "results", tmp_path / "tasks")[0]
    assert found["log_loss"] == pytest.approx(-np.log(1e-6), rel=1e-6)


def test_the_page_says_losses_as_losses(records: list[dict[str, Any]]) -> None:
    lines = page(records).splitlines()

    def line(start: str) -> str:
        return next(one for one in lines if one.startswith(start))

    assert line("| within .005 of SurvivalBoost").endswith("| held |")
    assert line("| at a tenth of its CPU or less").endswith("| **not held** |")  # 9.9 times
    assert next(one for one in lines if "times that of dealcast_light" in one).endswith("| held |")
    assert line("| ahead of AutoGluon at 5 minutes").endswith("| **not held** |")
    # -ln .6 = .5108 is 1.3 % above -ln .604 = .5042
    assert line("| within 1 % of AutoGluon at 30").endswith("| **not held** |")
    assert "| we lost |" in line("| autogluon | 300 s")
    assert "| we won |" in line("| stage_rates")
    assert line("No result: catboost") == "No result: catboost, 300 s, seed 0: killed after 200 s."


def test_a_task_comes_back_as_it_was_and_its_answers_lie_apart(tmp_path: Path) -> None:
    task, answers = made(horizons=(float("inf"),))
    task.save(tmp_path / "made", answers)
    again = Task.load(tmp_path / "made")
    assert (again.horizons, again.edges, again.features) == (
        task.horizons,
        task.edges,
        task.features,
    )
    assert not again.dated
    np.testing.assert_array_equal(again.train.x, task.train.x)
    np.testing.assert_array_equal(load_answers(tmp_path / "made").target, answers.target)
    # "groups" of the judged deals and what came of them are in no file of the task's folder
    with np.load(tmp_path / "made" / "test.npz") as file:
        assert set(file) == {"x", "as_of"}


def test_horizons_share_the_clock_and_unseen_rows_teach_nothing() -> None:
    task, _ = made()
    task.train.target[:20, 1] = UNSEEN
    task.train.target[20:, 1] = np.where(task.train.target[20:, 1] == 1, 2, 0)  # nobody is won
    parts: list[Part] = []

    def fit(part: Part) -> np.ndarray:
        parts.append(part)
        share = np.bincount(part.y) / len(part.y)
        return np.tile(share, (len(part.x_test), 1))

    found = by_horizon(task, Clock(100.0), 0, fit)
    check_shape(found, task)
    assert [len(part.x) for part in parts] == [50, 30]
    assert [part.seconds for part in parts] == pytest.approx([50.0, 100.0], abs=1.0)
    assert (found[:, 1, 1] == 0.0).all()
    folds = parts[0].folds(5)
    assert (folds[0::2] == folds[1::2]).all()  # two rows a group


@pytest.mark.parametrize("wrong", [np.ones((1, 2, 3)), np.full((DEALS, 2, 3), 0.5)])
def test_what_is_no_distribution_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="probabilities"):
        check_shape(wrong, made()[0])


def test_a_command_is_killed_with_all_it_started_when_its_time_is_over(tmp_path: Path) -> None:
    sleeps = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sleeps!r}])"
    log = tmp_path / "log.txt"
    found = measure([sys.executable, "-c", starts], 1.0, 1, tmp_path, log)
    assert found.exit_code < 0
    assert 0.9 < found.wall_s < 10
    started = int(log.read_text(encoding="utf-8"))
    until = time.monotonic() + 5
    while Path(f"/proc/{started}/cmdline").exists() and time.monotonic() < until:
        if not Path(f"/proc/{started}/cmdline").read_bytes():
            return  # dead, and not yet collected by who inherited it
        time.sleep(0.01)
    assert not Path(f"/proc/{started}/cmdline").exists()


def test_processor_time_has_the_childrens(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    found = measure([sys.executable, "-c", code], 60, 1, tmp_path, tmp_path / "log.txt")
    assert found.exit_code == 0
    assert found.cpu_s >= 0.3


def test_who_needs_no_clock_runs_once_and_curves_need_dates() -> None:
    dated, undated = made()[0], made("undated", (float("inf"),))[0]
    planned = [
        (run.dataset, run.contender.name, run.clock_s)
        for run in runs(
            [dated, undated], ["survival_boost", "flaml", "lightgbm"], (300, 1800), (0,)
        )
    ]
    assert planned == [
        ("made", "lightgbm", None),
        ("undated", "lightgbm", None),
        ("made", "survival_boost", None),
        ("made", "flaml", 300),
        ("made", "flaml", 1800),
        ("undated", "flaml", 300),
        ("undated", "flaml", 1800),
    ]
    assert next(iter(CONTENDERS)) == "dealcast"


def test_a_race_goes_on_where_it_stopped(tmp_path: Path) -> None:
    task, answers = made()
    planned = list(runs([task], ["dealcast"], (300,), (0,)))
    write(tmp_path, "dealcast", said(answers, 0.6), None, 1.0)
    (tmp_path / "made.dealcast.None.0").rename(tmp_path / planned[0].name)
    told: list[str] = []
    race(planned, 300, tmp_path, tmp_path, told.append)
    assert told == ["made.dealcast.any.0: there"]
