"""`dealcast audit`, and what a training does with what it finds."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from data.errors import BadInput
from data.moments import now
from data.settings import Settings
from models.boosting import Settings as Fitting
from models.bundle import Bundle
from pipelines import ingest, train
from pipelines.cli import app
from tests import leads

QUIET = Console(quiet=True)
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Leads whose calls were long where they were won, declared as if known at first."""
    folder = tmp_path_factory.mktemp("audit")
    settings = Settings(workspace=folder / "workspace")
    source, mapping = leads.write(folder, leads.frame())
    declared = leads.MAPPING.replace("column: call, policy: final", "column: call, policy: fixed")
    mapping.write_text(declared)
    ingest.run(source, str(mapping), "leads", settings, QUIET)
    return settings


@pytest.fixture(scope="module")
def run(workspace: Settings) -> Run:
    def call(*words: str) -> Any:
        place = ["--pipeline", "leads", "--workspace", str(workspace.workspace)]
        return CliRunner().invoke(app, ["audit", *words, *place], catch_exceptions=False)

    return call


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("leads: leakage audit", "Severity", "leak", "left out", "tells the")),
        ("zh", ("leads：泄漏审计", "程度", "泄漏", "已排除", "只见于一种结局")),
    ],
)
def test_it_prints_what_was_found(run: Run, language: str, words: tuple[str, ...]) -> None:
    answer = run("--language", language)
    assert answer.exit_code == 0
    for word in ("call", *words):
        assert word in answer.stdout


def test_it_writes_what_it_prints_as_json(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "audit.json"
    printed = json.loads(run("--json", "--out", str(out)).stdout)
    assert json.loads(out.read_text("utf-8")) == printed
    (finding,) = printed["findings"]
    assert finding["column"] == "call"
    assert finding["policy"] == "fixed"
    assert finding["severity"] == "leak"
    assert finding["done"] == "left_out"
    assert {"words_of_one", "alone"} <= {one["check"] for one in finding["evidence"]}


def test_strict_ends_with_a_code_until_the_column_is_dealt_with(run: Run) -> None:
    assert run("--strict").exit_code == 2
    kept = run("--strict", "--keep", "call", "--json")
    assert kept.exit_code == 0
    assert json.loads(kept.stdout)["kept"] == ["call"]
    with pytest.raises(BadInput, match=r"no such column to keep.*did you mean call\?"):
        run("--keep", "cal")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning:mlflow")
@pytest.mark.parametrize("keep", [(), ("call",)], ids=["left out", "kept"])
def test_a_training_leaves_suspects_out_unless_told_and_its_card_says_so(
    workspace: Settings, keep: tuple[str, ...]
) -> None:
    small = Fitting(folds=2, rounds=20)
    trained = train.run("leads", now(), workspace, QUIET, fitting=small, keep=keep)
    bundle = Bundle.load(trained.path)
    (finding,) = bundle.card["audit"]["findings"]
    assert finding["done"] == ("kept" if keep else "left_out")
    assert bundle.card["audit"]["kept"] == list(keep)
    assert ("call" in {feature.name for feature in bundle.features}) == bool(keep)
    assert bundle.pipeline.attributes["call"].policy == ("fixed" if keep else "final")
    text = StringIO()
    train.show(trained, Console(file=text, width=200))
    assert "leads: leakage audit" in text.getvalue()
    assert ("kept, as was asked" if keep else "left out") in text.getvalue()
    (end,) = bundle.card["evidence"]["horizons"]
    assert (end["auc"] > 0.99) == bool(keep)  # what the leak would have made one believe
