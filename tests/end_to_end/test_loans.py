"""The main job on a real event history: 10,203 loan applications at a Dutch bank."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console
from starlette.testclient import TestClient

from data.moments import parse_moment
from data.settings import Settings
from data.tables import load_pipeline, open_tables, read_frames
from models.boosting import Settings as Fitting
from models.bundle import crown
from pipelines import ingest, score
from pipelines.workspace import database_of
from serving.api.app import create_app
from serving.security import create_key
from tests import company
from training.backtest import Backtest, Origin, backtest

pytestmark = pytest.mark.slow

LOANS = "loans"
ORIGIN = parse_moment("2011-12-15")
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def loans(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A workspace with the whole history, so that what came after the origin lies in wait."""
    settings = company.workspace(tmp_path_factory.mktemp("loans"))
    source = shared_data / "loan_pipeline" / "events.csv.gz"
    report = ingest.run(source, "loan_pipeline", LOANS, settings, QUIET)
    assert report.outcomes == {"won": 1530, "lost": 7820, "open": 853}
    return settings


@pytest.fixture(scope="module")
def frozen(loans: Settings) -> Origin:
    with database_of(loans) as engine:
        tables, pipeline = open_tables(engine, LOANS), load_pipeline(engine, LOANS)
    return backtest(tables, pipeline, ORIGIN, Fitting(), 0, horizons_days=(7, 14, 28, 42))


def test_the_backtest_reaches_what_a_prototype_did(frozen: Origin) -> None:
    by_horizon = Backtest([frozen]).judged()
    assert [one.horizon_days for one in by_horizon] == [7, 14, 28, 42]
    assert {one.open_deals for one in by_horizon} == {697}
    # figures of a prototype of 70 lines, which had seen nothing after the origin either
    for one, most in zip(by_horizon, (0.731, 0.841, 0.773, 0.629), strict=True):
        assert one.log_loss <= most, one
    baseline = [one.log_loss_baseline for one in by_horizon]
    # to .003, because the prototype took other snapshots of the same past
    assert baseline == pytest.approx([0.877, 0.994, 0.874, 0.663], abs=0.003)


@pytest.fixture(scope="module")
def served(loans: Settings, frozen: Origin) -> Iterator[TestClient]:
    bundle = company.bundled(frozen.fitted).save(loans.bundles / LOANS)
    crown(loans.bundles / LOANS / bundle.name)
    with database_of(loans) as engine:
        key = create_key(engine, "test", ["score"], ORIGIN)
    with TestClient(create_app(loans, clock=lambda: ORIGIN)) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def test_files_and_interface_say_the_same(
    loans: Settings, served: TestClient, tmp_path: Path
) -> None:
    scores = score.run(LOANS, ORIGIN, loans, QUIET, curves=tmp_path / "curves.csv")
    assert len(scores.rows) == 697
    curves = pl.read_csv(tmp_path / "curves.csv")
    assert (curves["p_won"] + curves["p_lost"]).max() <= 1.0
    for p in ("p_won", "p_lost"):
        steps = curves.sort("deal_id", "days_ahead").select(pl.col(p).diff().over("deal_id"))
        assert steps.min().item() >= 0.0

    asked = curves["deal_id"].unique().sort().gather_every(14).cast(pl.String)
    days = list(scores.horizons_days)
    answer = served.post(
        "/v1/score", json={"pipeline": LOANS, "days_ahead": days, "records": told(loans, asked)}
    )
    assert answer.status_code == 200, answer.text
    said = pl.DataFrame(
        [
            {"deal_id": one["deal_id"], **chance}
            for one in answer.json()["scores"]
            for chance in one["chances"]
        ]
    )
    both = said.join(scores.at(days), on=["deal_id", "days_ahead"], suffix="_filed")
    assert len(both) == len(asked) * len(days)
    for p in ("p_won", "p_lost"):
        assert (both[p] - both[f"{p}_filed"]).abs().max() <= 1e-9


def told(settings: Settings, deal_ids: pl.Series) -> list[dict[str, Any]]:
    """Tell deals of the database as the whole records that a CRM would send."""
    with database_of(settings) as engine:
        frames = read_frames(engine, LOANS)
    chosen = {
        name: frame.filter(pl.col("deal_id").is_in(deal_ids.implode())).drop("pipeline")
        for name, frame in frames.items()
        if name in ("deals", "changes", "activities")
    }
    records = company.records({**chosen, "accounts": frames["accounts"]}, ORIGIN)
    for record in records:
        record["deal"]["attributes"] = json.loads(record["deal"]["attributes"] or "{}")
    return records
