"""The whole race on a small simulated company: export, run in processes of their own, judge."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.quality.export import dated_task, export
from benchmarks.quality.judge import judged
from benchmarks.quality.page import page
from benchmarks.quality.race import race, runs
from benchmarks.quality.task import Task
from data.moments import DAY
from data.tables import Tables
from tests import company

ORIGIN = company.END - 60 * DAY


@pytest.mark.slow
def test_our_own_entries_run_the_whole_way(tmp_path: Path) -> None:
    tasks, results = tmp_path / "tasks", tmp_path / "results"
    export("smoke", tasks)
    own = ("dealcast", "stage_rates", "naive_bayes")
    planned = list(runs([Task.load(tasks / "smoke")], own, (60,), (0,)))
    race(planned, 60, tasks, results, lambda _: None)
    found = {one["contender"]: one for one in judged(results, tasks)}
    assert set(found) == {*own, "true_curves"}
    assert [one["error"] for one in found.values()] == [None] * 4
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
