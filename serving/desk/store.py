"""Desks on disk: a folder each, written whole, then named current; some before it are kept.

PIPELINE/current           the name of the desk that is read
PIPELINE/lookback.parquet  past forecasts against what came, where they were looked back at
PIPELINE/<name>/           about.json and a Parquet file a table
"""

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from data.errors import NotFound
from data.moments import DAY, iso
from serving.desk.about import About, won_by
from serving.desk.build import LOOKBACK, Desk

CURRENT: Final = "current"
_TABLES: Final = (
    *("deals", "spells", "work", "followed", "then"),
    *("sellers", "targets", "said", "lookback"),
)
_KEPT: Final = 15
"""Desks that are kept: a quarter of weekly ones, and two."""
_SAID_DAYS: Final = 400
_LEAST_AGE: Final = 5.0
"""Days that a desk must be older for the forecast to have walked from it."""


def write(desk: Desk, folder: Path) -> str:
    """Write a desk into a pipeline's folder, whole or not at all, and name it current.

    What was said before is carried on, so that reviews can tell it.

    Returns:
        Its name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as scratch:
        made, once = Path(scratch) / "desk", Path(scratch).name.rpartition("-")[2]
        name = f"{iso(desk.about.as_of)}-{once}".replace(":", "")
        made.mkdir()
        for table in _TABLES:
            frame = _said_so_far(desk, folder) if table == "said" else getattr(desk, table)
            frame.write_parquet(made / f"{table}.parquet")
        (made / "about.json").write_text(desk.about.model_dump_json(indent=1), encoding="utf-8")
        made.rename(folder / name)
    _name_current(folder, name)
    _forget_old(folder, name)
    return name


def read(folder: Path) -> Desk:
    """Read the current desk of a pipeline's folder, with the one its forecast has walked from.

    Raises:
        NotFound: there is none yet.
    """
    home = current(folder)
    about = _about(home)
    frames: dict[str, Any] = {name: pl.read_parquet(home / f"{name}.parquet") for name in _TABLES}
    desk, before = Desk(about, **frames), _walked_from(folder, about)
    if before is None:
        return desk
    columns = ("deal_id", "title", "owner_id", "owner", "team", "region", "source", "product")
    told = ("outcome", "closed_at", "value", "value_at_close", "expected_close_at", "recorded_at")
    end = won_by(about.period("quarter").ends_at)
    earlier = pl.read_parquet(before / "deals.parquet", columns=[*columns, *told, end])
    return replace(desk, earlier=earlier, earlier_about=_about(before))


def current(folder: Path) -> Path:
    """Return where the current desk lies.

    Raises:
        NotFound: there is none yet.
    """
    try:
        return folder / (folder / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise NotFound(
            "the pipeline has no desk yet",
            field="pipeline",
            value=folder.name,
            remedy=f"make it: dealcast desk --pipeline {folder.name}, or dealcast week"[:200],
        ) from None


def read_lookback(folder: Path) -> pl.DataFrame:
    """Return past forecasts against what came; none where nobody looked back."""
    file = folder / "lookback.parquet"
    return pl.read_parquet(file) if file.is_file() else pl.DataFrame(schema=LOOKBACK)


def write_lookback(found: pl.DataFrame, folder: Path) -> None:
    """Keep past forecasts against what came, for the desks to come."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".lookback-{os.getpid()}"
    found.write_parquet(temporary)
    temporary.replace(folder / "lookback.parquet")


def _about(home: Path) -> About:
    return About.model_validate_json((home / "about.json").read_text(encoding="utf-8"))


def _desks(folder: Path) -> list[Path]:
    """Return the folders of all desks, the oldest moment first."""
    return sorted(path.parent for path in folder.glob("[0-9]*/about.json"))


def _walked_from(folder: Path, about: About) -> Path | None:
    """Return the newest desk that is some days older and speaks of the same quarter."""
    quarter = about.period("quarter")
    for home in reversed(_desks(folder)):
        other = _about(home)
        old = other.as_of <= about.as_of - _LEAST_AGE * DAY
        if old and other.dated and other.period("quarter") == quarter:
            return home
    return None


def _said_so_far(desk: Desk, folder: Path) -> pl.DataFrame:
    """Return what was said up to and with this desk; of one moment the last word counts."""
    try:
        before = pl.read_parquet(current(folder) / "said.parquet")
    except NotFound:
        return desk.said
    as_of = desk.about.as_of
    kept = before.filter(pl.col("as_of") < as_of, pl.col("as_of") > as_of - _SAID_DAYS * DAY)
    return pl.concat([kept, desk.said])


def _name_current(folder: Path, name: str) -> None:
    temporary = folder / f".{CURRENT}-{os.getpid()}"
    temporary.write_text(name, encoding="utf-8")
    temporary.replace(folder / CURRENT)


def _forget_old(folder: Path, name: str) -> None:
    for home in _desks(folder)[:-_KEPT]:
        if home.name != name:
            shutil.rmtree(home)
