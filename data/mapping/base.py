"""What every kind of mapping is: parts of a source to read, and raw frames made of them."""

import fnmatch
from abc import ABC, abstractmethod
from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl
from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from data.contract import Pipeline
from data.errors import BadInput, NotFound, did_you_mean
from data.mapping.columns import ColumnSpec, Dialect
from data.mapping.scalars import Encoding
from data.sources import SUFFIXES, File, unzipped


@dataclass(frozen=True)
class Part:
    """One file or sheet of a source.

    `key` reads the value that keeps rows together: rows with the same key come into the same
    partition. Without a key the whole part is in the first. `table` is where its lines that
    cannot be rows are counted.
    """

    name: str
    table: str
    path: File
    sheet: str | None = None
    key: ColumnSpec | None = None
    needs: frozenset[str] = frozenset()
    """Columns that it must have."""

    def check(self, columns: Iterable[str]) -> None:
        """Raise BadInput if a column that the mapping names is not there."""
        columns = list(columns)
        for name in sorted(self.needs - set(columns)):
            raise BadInput(
                f"{self.path.name} has no such column",
                field="column",
                value=name,
                allowed=", ".join(columns),
                remedy=did_you_mean(name, columns) or "correct the mapping or the file",
            )


_KIND: Final = "say its kind: canonical, spreadsheet or event_log"
_OURS: Final = {
    "extra_forbidden": "there is no such word here",
    "union_tag_not_found": _KIND,
    "union_tag_invalid": _KIND,
    "model_attributes_type": "a mapping is words with colons behind them, see docs/mappings.md",
}
"""What pydantic says so that only those who know it understand, by its type of error."""


@dataclass(frozen=True)
class Wrong:
    """What is wrong in a block of YAML: where, what stands there, and what should.

    A block that stands there is told by its words.
    """

    path: tuple[str, ...]
    value: object
    why: str
    unknown: bool
    """Whether its last step is a word that nobody knows."""


def first_wrong(error: ValidationError) -> Wrong:
    """Return the first of pydantic's errors without pydantic's own words."""
    first = error.errors()[0]
    kind, told, value = first["type"], first.get("ctx", {}), first["input"]
    path = tuple(map(str, first["loc"]))
    if "wrong" in told:  # found before in a block of it
        inner: Wrong = told["wrong"]
        return replace(inner, path=path + inner.path)
    why = str(told["error"]) if kind == "value_error" else _OURS.get(kind, first["msg"])
    words = ", ".join(map(str, value)) if isinstance(value, dict) else value
    return Wrong(path, words, why, kind == "extra_forbidden")


class Mapping(Dialect, ABC):
    """A mapping of any kind; `Dialect` is how its source writes."""

    encoding: Encoding | None = None
    """The encoding of its CSV files; found by looking when left out."""
    pipeline: dict[str, Any] = Field(default_factory=dict)
    """The pipeline's settings, in the words of `contract.Pipeline`."""

    @field_validator("pipeline")
    @classmethod
    def _is_a_pipeline(cls, block: dict[str, Any]) -> dict[str, Any]:
        try:
            Pipeline(name="checked", **block)
        except ValidationError as error:
            raise PydanticCustomError("pipeline", "wrong", {"wrong": first_wrong(error)}) from None
        return block

    @abstractmethod
    def parts(self, source: Path) -> list[Part]:
        """Return what is to be read of a source."""

    @abstractmethod
    def records(self, frames: Map[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Turn one partition's rows, by part, into raw frames by table."""

    def settings(self, name: str, source: Path, columns: Map[str, list[str]]) -> Pipeline:
        """Return the pipeline's settings, given the columns that each part turned out to have."""
        return Pipeline(**{**self.pipeline, "name": name})


def files(source: Path, pattern: str | None = None) -> list[File]:
    """Return the files of a source, a file or a directory, whose names match a pattern.

    An archive counts as the CSV files that are in it.

    Raises:
        NotFound: there is no such source.
        BadInput: an archive cannot be read.

    """
    if not source.exists():
        raise NotFound("no such file", field="source", value=str(source), remedy="check the path")
    paths = sorted(source.iterdir()) if source.is_dir() else [source]
    found = [file for path in paths for file in unzipped(path) if file.name.endswith(SUFFIXES)]
    return [path for path in found if pattern is None or fnmatch.fnmatch(path.name, pattern)]
