"""Boosters that a Dask cluster fits: as good as those fitted here, and stored like them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import roc_auc_score as auc

from data.errors import BadInput, NotReady
from data.moments import DAY
from data.settings import Settings as Workspace
from models.boosting import Bag, Columns, Settings
from models.bundle import champion
from models.curve import Array
from models.parts import Parted
from pipelines import train
from tests.company import END, SMALL

ROWS, BOOSTER = 6_000, {"learning_rate": 0.1, "num_leaves": 7, "min_data_in_leaf": 20}


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Start two workers, each a process of its own."""
    from distributed import LocalCluster

    start: Any = LocalCluster
    with start(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


def made() -> tuple[Parted, Array, Array]:
    """Draw rows of a word's code and three numbers, the target, and its log-odds."""
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.integers(0, 5, ROWS), rng.random((ROWS, 3))])
    odds = np.array([-2.0, 1.0, -1.0, 2.0, 0.0])[rows[:, 0].astype(int)] + 4 * rows[:, 1] - 2
    target = (rng.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(float)
    part = np.arange(ROWS) % 2
    return Parted(rows.__getitem__, part, np.arange(ROWS)), target, odds


def fit(cluster: str | None) -> tuple[Bag, Array]:
    data, target, _ = made()
    settings = Settings(folds=2, rounds=40, cluster=cluster, booster=BOOSTER)
    columns = Columns(categories=[0], directions=[0, 1, 0, 0])
    return Bag.cross_fit(data, target, columns, settings, np.random.default_rng(1))


@pytest.mark.slow
def test_a_cluster_fits_boosters_that_are_as_good(scheduler: str) -> None:
    _, target, odds = made()
    here, there = fit(None), fit(scheduler)
    own, theirs, best = auc(target, here[1]), auc(target, there[1]), auc(target, odds)
    assert own > 0.75
    assert abs(own - theirs) < 0.005
    assert theirs < best
    assert np.corrcoef(here[1], there[1])[0, 1] > 0.98
    booster = there[0].boosters[0]
    again = lgb.Booster(model_str=booster.model_to_string())
    rows = made()[0].rows(np.arange(9))
    np.testing.assert_array_equal(again.predict(rows), booster.predict(rows))
    assert "[monotone_constraints: 0,1,0,0]" in booster.model_to_string()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own libraries'
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning:mlflow")
def test_a_whole_training_runs_on_a_cluster(scheduler: str, company: Workspace) -> None:
    """What either says at the origin is alike; each bundle was champion when it was made."""
    said = []
    for cluster in (scheduler, None):
        fitting = replace(SMALL, cluster=cluster)
        made = train.run("sales", END, company, Console(quiet=True), 0, END - 56 * DAY, fitting)
        assert made.evidence is not None
        assert champion(company.bundles / "sales").name == made.bundle.name
        said.append(made.evidence.origins[-1].curves.won_by(28.0))
    assert np.abs(said[0] - said[1]).mean() < 0.03
    assert np.corrcoef(said[0], said[1])[0, 1] > 0.9


def test_without_a_scheduler_the_setting_is_named() -> None:
    with pytest.raises(NotReady) as told:
        fit("tcp://127.0.0.1:9")
    assert told.value.field == "DEALCAST_DASK"


def test_a_cluster_and_patience_are_refused() -> None:
    with pytest.raises(BadInput, match="early"):
        Settings(cluster="tcp://scheduler:8786", patience=5)
