"""The doctor: silent where all is well, and one line for each thing that is not."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from data.audit import commander, log
from data.database import HEAD, open_database
from data.moments import DAY, now
from data.settings import Settings
from models.bundle import champion
from pipelines.cli import main
from pipelines.doctor import Finding, examine
from serving.access.users import create_user
from serving.security import create_key


@pytest.fixture
def well(company: Settings, tmp_path: Path) -> Settings:
    """Return a deployment that nothing is wrong with: a copy of the small company."""
    folder = tmp_path / "w"
    folder.mkdir(mode=0o700)
    for path in ("dealcast.db", "bundles"):
        copy = shutil.copytree if (company.workspace / path).is_dir() else shutil.copy
        copy(company.workspace / path, folder / path)
    settings = Settings(workspace=folder, public_url="https://dealcast.example")
    engine = open_database(settings)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE api_keys SET revoked_at = 0"))
    create_user(engine, {"email": "ann@x.example", "role": "admin"}, None, now(), commander())
    create_key(engine, "crm", ["score"], now(), expires_days=90)
    engine.dispose()
    return settings


def wrong(settings: Settings) -> list[Finding]:
    return [one for one in examine(settings) if one.level != "note"]


def only(settings: Settings) -> tuple[str, str]:
    (one,) = wrong(settings)
    return one.level, one.what


def test_nothing_is_wrong_and_nothing_is_changed(well: Settings) -> None:
    engine = open_database(well)
    with engine.connect() as connection:
        entries = connection.scalar(sa.select(sa.func.count()).select_from(log))
    assert wrong(well) == []
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(log)) == entries
    engine.dispose()


def test_a_workspace_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = wrong(Settings(workspace=tmp_path / "none"))
    assert [one.level for one in found][:2] == ["fault", "fault"]
    assert not (tmp_path / "none").exists()


def test_what_everybody_may_change_or_read_is_told(well: Settings) -> None:
    well.bundles.chmod(0o777)
    level, what = only(well)
    assert level == "fault"
    assert str(well.bundles) in what
    well.bundles.chmod(0o700)
    well.workspace.chmod(0o755)
    assert only(well)[0] == "warning"


def test_a_bundle_that_was_changed_is_told(well: Settings) -> None:
    (champion(well.bundles / "sales") / "usual.json").write_text("{}")
    level, what = only(well)
    assert level == "fault"
    assert "usual.json" in what


def test_an_older_database_is_told_and_not_migrated(well: Settings) -> None:
    engine = open_database(well)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    level, what = only(well)
    assert level == "fault"
    assert "0001" in what
    assert HEAD in what
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "0001"
    engine.dispose()


def test_a_database_that_does_not_answer_or_is_none_is_told(well: Settings) -> None:
    gone = well.model_copy(update={"database_url": "postgresql://127.0.0.1:1/none"})
    assert "does not answer" in only(gone)[1]
    (well.workspace / "dealcast.db").write_bytes(b"no database at all" * 100)
    assert only(well)[0] == "fault"


def test_keys_that_never_end_are_told_of(well: Settings) -> None:
    engine = open_database(well)
    create_key(engine, "all", ["admin"], now())
    for number in range(9):
        create_key(engine, f"some-{number}", ["read"], now() - 100 * DAY)
    engine.dispose()
    assert re.fullmatch(
        r"may do everything and never end: 1 of the keys: \S+ \(all\)", only(well)[1]
    )
    notes = [one.what for one in examine(well) if one.level == "note"]
    for begin in ("never end: 9 of the keys: ", "not used for 90 days: 9 of the keys: "):
        (note,) = (what for what in notes if what.startswith(begin))
        assert "(some-0), " in note
        assert note.endswith(", …")


def test_a_clock_that_is_behind_the_facts_is_told(well: Settings) -> None:
    engine = open_database(well)
    with engine.begin() as connection:
        later = now() + 9 * DAY
        connection.execute(sa.text("UPDATE deals SET recorded_at = :at"), {"at": later})
    engine.dispose()
    assert "clock is behind" in only(well)[1]


@pytest.mark.parametrize(
    ("changed", "levels"),
    [
        ({"public_url": None}, []),
        ({"workers": 2}, ["warning"]),
        ({"public_url": "http://dealcast.example"}, ["warning"]),
        ({"public_url": None, "host": "0.0.0.0"}, ["warning"]),  # noqa: S104
        ({"host": "0.0.0.0"}, ["warning"]),  # noqa: S104
        ({"oidc_issuer": "https://127.0.0.1:1"}, ["fault"]),
        ({"oidc_issuer": "https://127.0.0.1:1", "oidc_client_id": "x"}, ["fault"]),
    ],
    ids=str,
)
def test_settings_that_do_not_go_well_together_are_told(
    well: Settings, changed: dict[str, Any], levels: list[str]
) -> None:
    assert [one.level for one in wrong(well.model_copy(update=changed))] == levels


def test_faults_end_with_2_and_a_line_each(
    well: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEALCAST_PUBLIC_URL", "https://dealcast.example")
    command = ["dealcast", "doctor", "--workspace", str(well.workspace)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    assert "All is well." in capsys.readouterr().out
    (champion(well.bundles / "sales") / "won-0.txt").unlink()
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    faults = [line for line in capsys.readouterr().out.splitlines() if line.startswith("fault: ")]
    assert len(faults) == 1
    monkeypatch.setattr(sys, "argv", [*command, "--json"])
    with pytest.raises(SystemExit):
        main()
    told = json.loads(capsys.readouterr().out)
    assert [one["what"] for one in told if one["level"] == "fault"] == [
        faults[0].removeprefix("fault: ")
    ]
