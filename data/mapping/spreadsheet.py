"""`spreadsheet`: any columns, in one or many files or sheets, renamed and translated."""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field, model_validator

from data.contract import TABLES, ColumnType, Pipeline
from data.errors import BadInput, did_you_mean
from data.mapping.base import Mapping, Part, files
from data.mapping.columns import AttributeSpec, ColumnSpec, Dialect, Source, Strict
from data.mapping.join import Join
from data.mapping.scalars import Word
from data.parsing import words
from data.records import must_be_given
from data.sheet import OBSERVED_AT, ORIGIN, TRACKED_TYPES
from data.sources import File

_BESIDE_DEALS: dict[str, ColumnType] = {**TRACKED_TYPES, OBSERVED_AT: "moment"}


class TableSpec(Strict):
    """One table of the contract, made of one file or sheet. Several may use the same."""

    table: Literal[
        "deals", "changes", "activities", "checklist", "contacts", "accounts", "owners", "targets"
    ]
    file: str | None = None
    """Its file's name, with * and ? as wildcards; any file when left out."""
    sheet: str | None = None
    """The sheet of a workbook; its first when left out."""
    where: dict[str, tuple[Word, ...]] = Field(default_factory=dict)
    """Only rows in which these columns of the source have one of these words."""
    filled: tuple[str, ...] = ()
    """Only rows in which these columns of the source are not empty."""
    columns: dict[str, Source]
    """The contract's columns, and where they come from."""
    attributes: dict[str, AttributeSpec] = Field(default_factory=dict)
    """The source's own columns (deals only)."""
    join: Join | None = None
    """Another file with more columns of the same deals (deals only)."""

    @model_validator(mode="after")
    def _speaks_the_contract(self) -> "TableSpec":
        allowed = self.types
        for name in self.columns:
            if name not in allowed:
                near = did_you_mean(name, allowed)
                raise ValueError(f"{self.table} has no column {name!r}; {near}")
        for column in TABLES[self.table].columns:
            if column.name in self.columns:
                self.columns[column.name].check_words(column)
        absent = [name for name in must_be_given(self.table) if name not in self.columns]
        if absent:
            raise ValueError(f"{self.table} must have {', '.join(absent)}: say which column it is")
        if (self.attributes or self.join) and self.table != "deals":
            raise ValueError("only deals have attributes and joins")
        return self

    @property
    def types(self) -> dict[str, ColumnType]:
        """The types of the columns that may be given."""
        types = {c.name: c.type for c in TABLES[self.table].columns}
        return types | _BESIDE_DEALS if self.table == "deals" else types

    @property
    def key(self) -> ColumnSpec | None:
        """What keeps a deal's rows together."""
        return self.columns.get("deal_id")

    @property
    def needs(self) -> frozenset[str]:
        """The source's columns that this names."""
        specs = [*self.columns.values(), *self.attributes.values()]
        named = {name for spec in specs for name in spec.sources}
        taken = self.join.take if self.join else ()
        return frozenset({*named, *self.where, *self.filled}) - {*taken}

    def parts(self, place: int, source: Path) -> list[Part]:
        """Return a part for every file of the table, and of what is joined to it.

        Raises:
            BadInput: no file has the joined one's name.

        """
        own = [
            Part(_name(place, path), self.table, path, self.sheet, self.key, self.needs)
            for path in files(source, self.file)
        ]
        if self.join is None:
            return own
        key, needs = (
            self.join.key(self.columns["deal_id"]),
            frozenset({*self.join.take, self.join.by}),
        )
        joined = [
            Part(_name(_joined(place), path), self.table, path, self.join.sheet, key, needs)
            for path in files(source, self.join.file)
        ]
        if not joined:
            raise _no_file(self.join.file, source)
        return own + joined

    def select(
        self, rows: pl.DataFrame, joined: list[pl.DataFrame], dialect: Dialect
    ) -> pl.DataFrame:
        """Return the contract's columns of the rows that this table takes.

        Args:
            rows: of one of its files.
            joined: those of the same deals in the joined files.
            dialect: how the source writes.

        """
        if self.join is not None:
            rows = self.join.beside(rows, joined, self.columns["deal_id"], dialect)
        for column, wanted in self.where.items():
            rows = rows.filter(words(rows[column], dialect.missing).is_in(wanted))
        for column in self.filled:
            rows = rows.filter(words(rows[column], dialect.missing).is_not_null())
        columns = [
            spec.read(rows, self.types[name], dialect).alias(name)
            for name, spec in self.columns.items()
        ]
        columns += [
            spec.read(rows, spec.column_type, dialect).alias(name)
            for name, spec in self.attributes.items()
        ]
        return rows.select(*ORIGIN, *columns)


class Spreadsheet(Mapping):
    """Tables of the contract made of CSV files or the sheets of workbooks."""

    kind: Literal["spreadsheet"]
    tables: tuple[TableSpec, ...]

    @model_validator(mode="after")
    def _is_dated_or_not(self) -> "Spreadsheet":
        dated = self.pipeline.get("dated", True)
        for spec in self.tables:
            if dated and any(column.undated for column in spec.columns.values()):
                raise ValueError("an order is no date: say `dated: false` under `pipeline`")
            if not dated and "closed_at" in spec.columns:
                raise ValueError(
                    "a pipeline that is not dated has no closing date: leave closed_at out, or "
                    "keep it as an attribute whose policy is final"
                )
        return self

    def parts(self, source: Path) -> list[Part]:
        """Return a part for every table and file that belongs to it."""
        found = [
            part for place, spec in enumerate(self.tables) for part in spec.parts(place, source)
        ]
        absent = [s.file for i, s in enumerate(self.tables) if not _of(i, (p.name for p in found))]
        if absent and (source.is_dir() or not found):
            raise _no_file(absent[0], source)
        return found

    def settings(self, name: str, source: Path, columns: Map[str, list[str]]) -> Pipeline:
        """Return the declared settings with the attributes of `deals`."""
        declared = super().settings(name, source, columns)
        own = {n: spec.attribute for s in self.tables for n, spec in s.attributes.items()}
        return declared.model_copy(update={"attributes": {**declared.attributes, **own}})

    def records(self, frames: Map[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Return raw frames by table, each made of all its files."""
        made: dict[str, list[pl.DataFrame]] = {}
        for place, spec in enumerate(self.tables):
            joined = [frames[name] for name in _of(_joined(place), frames)]
            for name in _of(place, frames):
                made.setdefault(spec.table, []).append(spec.select(frames[name], joined, self))
        return {name: pl.concat(several, how="diagonal") for name, several in made.items()}


def _no_file(pattern: str | None, source: Path) -> BadInput:
    return BadInput(
        "no file has the name that the mapping says",
        field="file",
        value=pattern,
        allowed=", ".join(path.name for path in files(source)),
        remedy="correct `file:` in the mapping, or rename the file",
    )


def _joined(place: int) -> str:
    return f"{place}+"


def _name(place: int | str, path: File) -> str:
    return f"{place} {path.name}"


def _of(place: int | str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(f"{place} ")]
