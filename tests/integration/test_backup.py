"""A workspace is written to a file while it is used, and scores the same when it is back."""

import shutil
import sqlite3
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest

from data.database import open_database
from data.errors import BadInput
from data.settings import Settings
from data.tables import open_tables
from pipelines.backup import backup, restore
from serving.champions import Champions
from serving.security import create_key, list_keys
from tests import company


def test_a_restored_workspace_scores_as_the_one_that_was_backed_up(
    company: Settings, tmp_path: Path
) -> None:
    out, back = tmp_path / "out.tar.gz", Settings(workspace=tmp_path / "back")
    engine = open_database(company)
    create_key(engine, "before", ["read"], 1)
    with engine.connect() as open_still:  # someone reads and writes meanwhile
        open_still.exec_driver_sql("SELECT count(*) FROM deals").all()
        manifest = backup(company, out)
    create_key(engine, "after", ["read"], 1)
    assert set(manifest["databases"]) == {"dealcast.db"}
    assert restore(back, out) == manifest
    restored = open_database(back)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert stat.S_IMODE(back.workspace.stat().st_mode) == 0o700
    names = {key.name for key in list_keys(restored)}
    assert "before" in names
    assert "after" not in names
    first, second = (
        Champions(settings.bundles).scorer("sales").score(open_tables(own, "sales"), END)
        for settings, own in ((company, engine), (back, restored))
    )
    assert first.eventually().equals(second.eventually())
    assert len(first.rows) > 10
    for own in (engine, restored):
        own.dispose()
    with sqlite3.connect(back.workspace / "dealcast.db") as checked:
        assert checked.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


END = company.END


def test_what_is_taken_away_while_it_is_packed_is_left_out(
    company: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Settings(workspace=shutil.copytree(company.workspace, tmp_path / "own"))
    old = own.desks / "sales" / "2020"
    old.mkdir(parents=True)
    for name in ("about.json", "deals.parquet"):
        (old / name).touch()
    gettarinfo = tarfile.TarFile.gettarinfo

    def forgetting(archive: tarfile.TarFile, name: Any, *more: Any) -> tarfile.TarInfo:
        if Path(name).name == "deals.parquet":  # just then a newer desk takes its place
            shutil.rmtree(old, ignore_errors=True)
        return gettarinfo(archive, name, *more)

    monkeypatch.setattr(tarfile.TarFile, "gettarinfo", forgetting)
    backup(own, tmp_path / "out.tar.gz")
    with tarfile.open(tmp_path / "out.tar.gz") as packed:
        assert not [name for name in packed.getnames() if "2020" in name]
        assert "dealcast.db" in packed.getnames()


def test_nothing_is_overwritten_and_what_is_no_backup_is_refused(
    company: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "out.tar.gz"
    backup(company, out)
    with pytest.raises(BadInput, match="exists already"):
        backup(company, out)
    with pytest.raises(BadInput, match="not empty"):
        restore(company, out)
    whole = out.read_bytes()
    for broken in (whole[: len(whole) // 2], b"no archive", b""):
        out.write_bytes(broken)
        new = tmp_path / "new"
        with pytest.raises(BadInput, match="not a whole backup"):
            restore(Settings(workspace=new), out)
        assert not new.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"out.tar.gz"}
