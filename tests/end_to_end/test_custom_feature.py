"""A feature of one's own, added from docs/features.md alone, goes wherever ours go."""

import json

import polars as pl
import pytest
from click.testing import Result
from rich.console import Console
from starlette.testclient import TestClient
from typer.testing import CliRunner

from data.database import open_database
from data.errors import BadInput, NotReady
from data.settings import Settings
from data.tables import write_parquet
from models.bundle import Bundle, champion
from pipelines import ingest
from pipelines.cli import app
from serving.api.app import create_app
from serving.champions import Champions
from serving.scorer import Scorer
from serving.security import create_key
from tests import company
from tests.integration.test_features_page import ADDED

pytestmark = [
    pytest.mark.slow,
    # MLflow's own: it uses what its libraries are about to give up
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:mlflow"),
]

NAME = "cancelled_in:2"  # the company is looked at every other day


def cancelling(raw: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Let calls be cancelled in most deals that are lost and in some others.

    So the feature tells of the outcome, and not so well that the audit takes it for a leak.
    """
    deals = raw["deals"].with_row_index("number")
    third, lost = pl.col("number") % 3 == 0, pl.col("outcome") == "lost"
    unlucky = deals.filter(lost ^ third)["deal_id"].implode()
    status = pl.when(pl.col("deal_id").is_in(unlucky)).then(pl.lit("cancelled"))
    return raw | {
        "activities": raw["activities"].with_columns(status=status.otherwise(pl.lit("done")))
    }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a workspace with the page's file in it, trained."""
    settings = company.workspace(tmp_path_factory.mktemp("custom"))
    source = settings.workspace / "history"
    write_parquet(cancelling(company.history()), source, company.PIPELINE)
    ingest.run(source, "canonical", company.NAME, settings, Console(quiet=True))
    settings.features.mkdir()
    (settings.features / "cancelled.py").write_text(ADDED, encoding="utf-8")
    with company.small_boosters():
        trained = dealcast(settings, "train", "--as-of", "2026-03-02", "--json")
    assert trained.exit_code == 0, trained.output
    return settings


def dealcast(settings: Settings, *words: str) -> Result:
    place = ["--pipeline", company.NAME, "--workspace", str(settings.workspace)]
    return CliRunner().invoke(app, [*words, *place], catch_exceptions=False)


def test_it_is_listed_with_its_file(workspace: Settings) -> None:
    listed = json.loads(dealcast(workspace, "features", "list", "--json").stdout)
    (own,) = (one for one in listed if one["name"] == NAME)
    assert own["en"] == "activities cancelled in 2 days"
    assert (own["group"], own["unit"], own["origin"]) == (
        "engagement", "count", "features/cancelled.py",
    )  # fmt: skip
    shown = dealcast(workspace, "features", "list").stdout
    assert NAME in shown


def test_it_keeps_the_laws(workspace: Settings) -> None:
    told = dealcast(workspace, "features", "check").stdout
    assert told.startswith("cancelled_in:{}: tried on")


def test_the_card_names_it_and_the_model_uses_it(workspace: Settings) -> None:
    path = champion(workspace.bundles / company.NAME)
    card = json.loads((path / "card.json").read_text(encoding="utf-8"))
    assert card["custom_features"][NAME] == "features/cancelled.py"
    model = Bundle.load(path).model
    assert model is not None
    assert NAME in model.encoder.names


def test_reasons_of_the_weekly_list_tell_it(workspace: Settings) -> None:
    week = dealcast(workspace, "week", "--as-of", "2026-03-02", "--allow-later-bundle")
    assert week.exit_code == 0, week.output
    (listed,) = workspace.lists.glob("*.csv")
    assert "activities cancelled in" in listed.read_text(encoding="utf-8-sig")


def test_reasons_of_the_interface_tell_it(workspace: Settings) -> None:
    engine = open_database(workspace)
    key = create_key(engine, "test", ["score", "read"], company.END)
    engine.dispose()
    asked = {
        "pipeline": company.NAME,
        "reasons": True,
        "records": company.records(cancelling(company.history())),
    }
    with TestClient(create_app(workspace, clock=lambda: company.END)) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        answer = client.post("/v1/score", json=asked)
    assert answer.status_code == 200, answer.text
    told = [reason for one in answer.json()["scores"] for reason in one["reasons"]]
    of_it = [reason for reason in told if reason["topic"] == "cancelled_in"]
    assert of_it
    assert all("天取消的活动" in reason["zh"] for reason in of_it)


def test_without_its_file_the_bundle_names_what_to_bring(workspace: Settings) -> None:
    with pytest.raises(BadInput, match=r"bring features/cancelled\.py into this workspace"):
        Scorer(Bundle.load(champion(workspace.bundles / company.NAME)))
    with pytest.raises(NotReady, match=r"features/cancelled\.py"):
        Champions(workspace.bundles).scorer(company.NAME)
