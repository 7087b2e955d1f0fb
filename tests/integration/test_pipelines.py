"""Pipelines are listed with what there is of them, and deleted whole or not at all."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console
from typer.testing import CliRunner

from data.database import metadata, open_database
from data.errors import NotFound
from data.settings import Settings
from models.bundle import CHAMPION
from pipelines import ingest
from pipelines.cli import app
from pipelines.pipelines import delete, listing
from serving import lists

QUIET = Console(quiet=True)


@pytest.fixture
def held(settings: Settings, tmp_path: Path) -> Settings:
    """A workspace with two pipelines of the same two deals; one has a list and a bundle."""
    source = tmp_path / "deals.csv"
    source.write_text("deal_id,created_at,stage,account_id\nD1,2026-01-05,new,A\nD2,2026-01-06,,\n")
    for name in ("sales", "leads"):
        ingest.run(source, "canonical", name, settings, QUIET)
    engine = open_database(settings)
    for name in ("sales", "leads"):
        head = {"pipeline": name, "week": "2026-03-02", "as_of": 1, "bundle": "b", "created_at": 2}
        lists.publish(engine, head, [{"position": 1, "deal_id": "D1"}])
    engine.dispose()
    bundle = settings.bundles / "sales" / "sales-1"
    bundle.mkdir(parents=True)
    (bundle / "card.json").write_text("{}")
    (settings.bundles / "sales" / CHAMPION).write_text("sales-1")
    return settings


def rows(settings: Settings, pipeline: str) -> int:
    """Count the rows that name a pipeline, in every table that there is."""
    engine = open_database(settings)
    with engine.connect() as connection:
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(table).where(column == name))
            for table in metadata.sorted_tables
            for column, name in ((table.c.get("pipeline", table.c.get("name")), pipeline),)
            if column is not None
        ]
    engine.dispose()
    return sum(count or 0 for count in counts)


def test_a_pipeline_is_listed_with_what_there_is_of_it(held: Settings) -> None:
    leads, sales = listing(held)
    counted = {"deals": 2, "changes": 1, "lists": 1, "list_items": 1}
    assert leads == {"name": "leads", "rows": counted, "bundles": 0, "champion": None}
    assert sales == {"name": "sales", "rows": counted, "bundles": 1, "champion": "sales-1"}


def test_a_pipeline_that_is_deleted_leaves_nothing_and_touches_no_other(held: Settings) -> None:
    before = rows(held, "leads")
    assert before > 0
    delete(held, "sales")
    assert rows(held, "sales") == 0
    assert rows(held, "leads") == before
    assert not (held.bundles / "sales").exists()
    assert [one["name"] for one in listing(held)] == ["leads"]
    with pytest.raises(NotFound, match="no such pipeline; pipeline='sales'; allowed: leads"):
        delete(held, "sales")


def test_it_asks_unless_told_not_to(held: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    if held.database_url is not None:
        monkeypatch.setenv("DEALCAST_DATABASE_URL", held.database_url)
    words = ["pipelines", "delete", "leads", "--workspace", str(held.workspace)]
    for answer in ("n\n", ""):
        asked = CliRunner().invoke(app, words, input=answer)
        assert asked.exit_code == 0
        assert "2 deals" in asked.stderr
        assert "Accounts, owners and targets stay" in asked.stderr
        assert asked.stdout.endswith("Nothing was deleted.\n")  # the runner echoes the answer
        assert rows(held, "leads") > 0
    assert CliRunner().invoke(app, [*words, "--yes"]).stdout.strip() == "leads is deleted."
    assert rows(held, "leads") == 0
