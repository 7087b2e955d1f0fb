"""`dealcast backup` and `dealcast restore`: a workspace as one file, and back.

SQLite files are copied by SQLite itself, so a service may go on writing meanwhile. A PostgreSQL
has tools of its own (`pg_dump`); of such a workspace the file holds all but the database.
"""

import json
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from data.errors import BadInput, NotFound, NotReady
from data.moments import iso, now
from data.settings import Settings

MANIFEST: Final = "manifest.json"
DATABASES: Final = ("dealcast.db", "mlflow.db")
FOLDERS: Final = ("bundles", "desk", "features", "lists", "mlartifacts")
"""What a workspace consists of; the rest is made anew."""
_TRIES: Final = 5


def backup(settings: Settings, out: Path) -> dict[str, Any]:
    """Write a workspace to a .tar.gz that appears whole or not at all.

    Returns:
        The manifest: what is in it, from which version, and when.

    Raises:
        NotFound: there is no workspace.
        BadInput: the file exists already.
        NotReady: see `_pack`.
    """
    if not settings.workspace.is_dir():
        raise NotFound("no such workspace", field="workspace", value=str(settings.workspace))
    if out.exists():
        raise BadInput(
            "the file exists already", field="out", value=str(out), remedy="name another"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".backup-") as scratch:
        copies = dict(_databases(settings.workspace, Path(scratch)))
        manifest = {
            "version": version("dealcast"),
            "created_at": iso(now()),
            "databases": {name: _sha256(copy) for name, copy in copies.items()},
            "elsewhere": "the database" if settings.database_url else None,
        }
        whole = Path(scratch) / "whole"
        whole.touch(mode=0o600)
        told = Path(scratch) / MANIFEST
        told.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        folders = {name: settings.workspace / name for name in FOLDERS}
        _pack(whole, {MANIFEST: told} | copies | folders)
        whole.rename(out)
    return manifest


def restore(settings: Settings, archive: Path) -> dict[str, Any]:
    """Make a workspace of what `backup` wrote; it may not exist yet, or must be empty.

    Returns:
        The manifest.

    Raises:
        NotFound: there is no such file.
        BadInput: it is no backup, or the workspace is not empty.
    """
    workspace = settings.workspace
    if workspace.exists() and any(workspace.iterdir()):
        raise BadInput(
            "the workspace is not empty",
            field="workspace",
            value=str(workspace),
            remedy="name a new one with --workspace, and move it when it is whole",
        )
    if not archive.is_file():
        raise NotFound("no such file", field="archive", value=str(archive))
    workspace.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workspace.parent, prefix=".restore-") as scratch:
        whole = Path(scratch) / "whole"
        whole.mkdir(mode=0o700)  # as a workspace is: its files are nobody else's
        try:
            with tarfile.open(archive) as packed:
                packed.extractall(whole, filter="data")
            manifest: dict[str, Any] = json.loads((whole / MANIFEST).read_text(encoding="utf-8"))
            right = all(_sha256(whole / n) == h for n, h in manifest["databases"].items())
        except (tarfile.TarError, OSError, ValueError, KeyError, EOFError):
            right = False
        if not right:
            raise BadInput("not a whole backup", field="archive", value=str(archive))
        (whole / MANIFEST).unlink()
        if workspace.exists():
            workspace.rmdir()
        whole.rename(workspace)
    return manifest


def _pack(whole: Path, parts: dict[str, Path]) -> None:
    """Write files and folders, those that there are, to an archive.

    Raises:
        NotReady: again and again something was taken away meanwhile, as old desks are.
    """
    for _ in range(_TRIES):
        with suppress(FileNotFoundError), tarfile.open(whole, "w:gz", compresslevel=1) as archive:
            for name, path in parts.items():
                if path.exists():
                    archive.add(path, name, filter=_finished)
            return
    raise NotReady("the workspace changes while it is packed", remedy="try again soon")


def _databases(workspace: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Copy each SQLite file of the workspace as it stands at one moment."""
    for name in DATABASES:
        if (workspace / name).is_file():
            with (
                closing(sqlite3.connect(workspace / name)) as source,
                closing(sqlite3.connect(scratch / name)) as copy,
            ):
                source.backup(copy)
            yield name, scratch / name


def _finished(file: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what is still being written: its name begins with a dot."""
    return None if Path(file.name).name.startswith(".") else file


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while part := file.read(1 << 20):
            digest.update(part)
        return digest.hexdigest()
