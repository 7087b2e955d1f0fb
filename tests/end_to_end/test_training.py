"""train, backtest, models: as a data scientist calls them, on real files, a database and MLflow."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from click.testing import Result
from mlflow import MlflowClient
from rich.console import Console
from typer.testing import CliRunner

from data.errors import NotFound
from data.moments import DAY, iso, iso_date
from data.settings import Settings
from data.tables import write_parquet
from models.bundle import Bundle, champion
from pipelines import ingest
from pipelines.cli import app
from tests import company

pytestmark = [
    pytest.mark.slow,
    # MLflow's own: it uses what its libraries are about to give up
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:mlflow"),
]

Run = Callable[..., Result]
ORIGIN = iso_date(company.END - 60 * DAY)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = company.workspace(tmp_path_factory.mktemp("training"))
    source = settings.workspace / "history"
    write_parquet(company.history(), source, company.PIPELINE)
    ingest.run(source, "canonical", company.NAME, settings, Console(quiet=True))
    return settings


@pytest.fixture(scope="module")
def run(workspace: Settings) -> Run:
    def call(*words: str) -> Any:
        place = ["--pipeline", company.NAME, "--workspace", str(workspace.workspace)]
        return CliRunner().invoke(app, [*words, *place], catch_exceptions=False)

    return call


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with company.small_boosters():
        yield


@pytest.fixture(scope="module")
def cards(run: Run) -> list[dict[str, Any]]:
    """Train twice: up to the origin, and up to the end."""
    moments = (company.END - 60 * DAY, company.END)
    return [json.loads(run("train", "--as-of", iso(at), "--json").stdout) for at in moments]


def test_a_card_says_what_the_model_is_judged_by(cards: list[dict[str, Any]]) -> None:
    card = cards[-1]
    assert card["as_of"] == iso(company.END)
    assert card["horizons_days"] == [7, 28, 56]
    evidence = card["evidence"]
    assert card["baseline"] == evidence["stand_in"]
    saved = [evidence[name] for name in ("log_loss_saved", "log_loss_saved_at_who")]
    surely_better = all(interval["high"] < 0 for interval in saved)
    assert card["serves"] == ("model" if surely_better else "baseline")


def test_a_training_is_recorded_and_registered(
    workspace: Settings, cards: list[dict[str, Any]]
) -> None:
    client = MlflowClient(workspace.tracking_uri)
    version = client.get_model_version_by_alias("dealcast-sales", "champion")
    path = champion(workspace.bundles / company.NAME)
    assert version.tags["bundle"] == path.name
    run = client.get_run(version.run_id)
    judged = {one["horizon_days"]: one for one in cards[-1]["evidence"]["horizons"]}
    assert run.data.metrics["log_loss_28d"] == judged[28]["log_loss"]
    saved = cards[-1]["evidence"]["log_loss_saved"]
    assert run.data.metrics["log_loss_saved_high"] == saved["high"]
    assert run.data.metrics["won_ratio_low_28d"] == judged[28]["won_ratio"]["low"]
    assert 0 <= run.data.metrics["dates_won_coverage_80_mean"] <= 1
    pictures = {file.path for file in client.list_artifacts(version.run_id, "plots")}
    assert {"plots/reliability.png", "plots/gains.png", "plots/curves.png"} <= pictures


def test_mlflows_model_says_what_the_bundle_says(
    workspace: Settings, cards: list[dict[str, Any]], fitted: Any
) -> None:
    bundle = Bundle.load(champion(workspace.bundles / company.NAME))
    mlflow.set_tracking_uri(workspace.tracking_uri)
    model = mlflow.pyfunc.load_model("models:/dealcast-sales@champion")
    rows = fitted.sample.rows.tail(5)
    said = model.predict(rows.to_pandas())
    assert said["p_won_28"].to_list() == bundle.curves(rows).won_by(28).tolist()


def test_an_earlier_bundle_can_be_promoted_again(
    workspace: Settings, run: Run, cards: list[dict[str, Any]]
) -> None:
    listed = json.loads(run("models", "list").stdout)
    assert [one["as_of"] for one in listed] == [card["as_of"] for card in cards]
    assert [one["champion"] for one in listed] == [False, True]
    earlier, later = (one["name"] for one in listed)
    client = MlflowClient(workspace.tracking_uri)
    for name in (earlier, later):
        assert run("models", "promote", name).exit_code == 0
        assert champion(workspace.bundles / company.NAME).name == name
        version = client.get_model_version_by_alias("dealcast-sales", "champion")
        assert version.tags["bundle"] == name


def test_what_does_not_exist_is_not_promoted(run: Run, cards: list[dict[str, Any]]) -> None:
    with pytest.raises(NotFound, match=r"no such bundle.*sales-2025"):
        run("models", "promote", "sales-2025")


def test_a_backtest_tells_each_origin_and_all_of_them(run: Run, tmp_path: Path) -> None:
    origins = [iso_date(company.END - days * DAY) for days in (90, 75, 60)]
    words = ["--origin", origins[1], "--from", origins[0], "--until", origins[2], "--every", "30"]
    report = ["--report", str(tmp_path / "report"), "--language", "zh"]
    found = json.loads(run("backtest", *words, "--horizons", "28,7", "--json", *report).stdout)
    assert "预测与实际" in (tmp_path / "report" / "report.html").read_text("utf-8")
    assert [one["horizon_days"] for one in found["horizons"]] == [7, 28]
    assert [one["origin"][:10] for one in found["origins"]] == origins
    for pooled in found["horizons"]:
        parts = [one["by_horizon"][str(pooled["horizon_days"])] for one in found["origins"]]
        assert pooled["open_deals"] == sum(part["open_deals"] for part in parts)
        assert pooled["won_actual"] == sum(part["won_actual"] for part in parts)
