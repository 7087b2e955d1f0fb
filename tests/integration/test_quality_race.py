"""The whole race on a small simulated company: export, run in processes of their own, judge."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.quality.contenders import Clock
from benchmarks.quality.datasets import export
from benchmarks.quality.export import dated_task, undated_task
from benchmarks.quality.judge import judged
from benchmarks.quality.own import stage_rates
from benchmarks.quality.page import page
from benchmarks.quality.race import race, runs
from benchmarks.quality.task import Task
from data.contract import Attribute, Pipeline
from data.moments import DAY
from data.records import normalise
from data.tables import Tables, lazy_tables
from tests import company

ORIGIN = company.END - 60 * DAY


@pytest.mark.slow
def test_our_own_entries_run_the_whole_way(tmp_path: Path) -> None:
    tasks, results = tmp_path / "tasks", tmp_path / "results"
    export("smoke", tasks)
    own = ("dealcast", "dealcast_light", "stage_rates", "naive_bayes")
    planned = list(runs([Task.load(tasks / "smoke")], own, (60,), (0,)))
    race(planned, 60, tasks, results, lambda _: None)
    found = {one["contender"]: one for one in judged(results, tasks)}
    assert set(found) == {*own, "true_curves"}
    assert [one["error"] for one in found.values()] == [None] * 5
    assert found["dealcast_light"]["cpu_s"] < found["dealcast"]["cpu_s"]
    assert found["dealcast"]["cpu_s"] > found["stage_rates"]["cpu_s"] > 0
    assert found["dealcast"]["peak_mb"] > 50
    # what the true chances lose to nobody in expectation, they lose to nobody by much here
    best = min(one["log_loss"] for one in found.values())
    assert found["true_curves"]["log_loss"] < best + 0.1
    assert "| **dealcast** | any | 0 |" in page(list(found.values()))


def test_a_task_teaches_nothing_that_was_not_known_at_the_origin(history: Tables) -> None:
    horizons = (7, 28)
    told, answers = dated_task("told", history, company.PIPELINE, ORIGIN, horizons)
    # the same company, had every deal that closed later ended the other way
    deals = history.deals.collect(backend="polars").to_native()
    later = pl.col("closed_recorded_at") > ORIGIN
    swapped = pl.col("outcome").replace({"won": "lost", "lost": "won"})
    other = deals.with_columns(outcome=pl.when(later).then(swapped).otherwise("outcome"))
    changed = replace(history, deals=history.put(other))
    again, others = dated_task("told", changed, company.PIPELINE, ORIGIN, horizons)
    assert (answers.target != others.target).any()
    for ours, theirs in ((told.train, again.train), (told.test, again.test)):
        for name, array in vars(ours).items():
            np.testing.assert_array_equal(array, getattr(theirs, name), err_msg=name)


def test_a_table_without_dates_teaches_its_first_rows_and_judges_its_last() -> None:
    pipeline = Pipeline(
        name="leads", dated=False, attributes={"minutes": Attribute(type="number", policy="fixed")}
    )
    raw = pl.DataFrame(
        {
            "deal_id": [f"d{number}" for number in range(10)],
            "created_at": list(range(10, 0, -1)),  # the last row came first
            "outcome": ["won", "lost"] * 5,
            "attributes": [f'{{"minutes": {number}}}' for number in range(10)],
        }
    )
    tables = lazy_tables(normalise({"deals": raw}, pipeline).frames, pipeline)
    task, answers = undated_task("leads", tables, pipeline)
    assert [feature["name"] for feature in task.features] == ["minutes"]
    assert task.train.x[:, 0].tolist() == [9, 8, 7, 6, 5, 4, 3]
    assert task.train.target[:, 0].tolist() == [2, 1, 2, 1, 2, 1, 2]
    assert task.test.x[:, 0].tolist() == [2, 1, 0]
    assert answers.target[:, 0].tolist() == [1, 2, 1]
    rates = stage_rates.predict(task, Clock(60), 0)
    assert rates[:, 0] == pytest.approx(np.tile([0, 3 / 7, 4 / 7], (3, 1)))
