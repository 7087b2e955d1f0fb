"""`canonical`: files that speak the contract already, each named by its table."""

import json
from collections.abc import Mapping as Map
from pathlib import Path
from typing import Any, Literal

import polars as pl

from data.contract import TABLES, Pipeline
from data.errors import BadInput
from data.mapping.base import Mapping, Part, files
from data.mapping.columns import ColumnSpec
from data.records import must_be_given
from data.sheet import OF_DEALS
from data.sources import File


class Canonical(Mapping):
    """A directory of `deals.csv`, `changes.parquet` …, or one such file.

    Columns of `deals` that nothing declares become attributes whose policy is `final`.
    """

    kind: Literal["canonical"]

    def parts(self, source: Path) -> list[Part]:
        """Return a part for every file named by a table."""
        named = {path.name.split(".")[0]: path for path in files(source)}
        found = {name: path for name, path in named.items() if name in TABLES}
        if not found:
            raise BadInput(
                "no file is named by a table",
                field="source",
                value=str(source),
                allowed=", ".join(f"{name}.csv" for name in TABLES),
                remedy="rename the files, or use another mapping",
            )
        return [_part(name, path) for name, path in found.items()]

    def settings(self, name: str, source: Path, columns: Map[str, list[str]]) -> Pipeline:
        """Return the settings declared here or in a pipeline.json beside the files."""
        declared = {**_settings_beside(source), **self.pipeline, "name": name}
        beyond: dict[str, dict[str, str]] = {
            column: {} for column in columns.get("deals", []) if column not in OF_DEALS
        }
        return Pipeline(**{**declared, "attributes": {**beyond, **declared.get("attributes", {})}})

    def records(self, frames: Map[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Return the frames as they are."""
        return dict(frames)


def _part(name: str, path: File) -> Part:
    key = ColumnSpec(column="deal_id") if "deal_id" in TABLES[name].schema else None
    return Part(name, name, path, key=key, needs=frozenset(must_be_given(name)))


def _settings_beside(source: Path) -> dict[str, Any]:
    path = source / "pipeline.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
