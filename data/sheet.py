"""One table on its way into the contract: the rows still good, and those refused with a reason."""

import json
from typing import Final

import polars as pl

from data import parsing
from data.contract import POLARS_TYPES, TABLES, TRACKED, Column, ColumnType, Pipeline, Table
from data.errors import BadInput, did_you_mean

ROW: Final = "_row"
"""Optional column of raw frames: the row's number in its source, for the rejects."""
FILE: Final = "_file"
"""Optional column of raw frames: the file that the row stands in, for the rejects."""
ORIGIN: Final = (FILE, ROW)
OBSERVED_AT: Final = "observed_at"
"""Optional column of raw deals: when their tracked fields had the values given."""
REJECTS: Final = pl.Schema(
    {
        "file": pl.String(),
        "table": pl.String(),
        "row": pl.Int64(),
        "key": pl.String(),
        "field": pl.String(),
        "value": pl.String(),
        "reason": pl.String(),
        "raw": pl.String(),
    }
)
"""The shape of the rejects: `raw` is the row as it came, as JSON."""
_INDEX: Final = "_place_in_frame"
TRACKED_TYPES: Final[dict[str, ColumnType]] = {
    "stage": "text",
    "amount": "number",
    "owner_id": "text",
    "expected_close_at": "moment",
}
OF_DEALS: Final = (*TABLES["deals"].schema, *TRACKED_TYPES, OBSERVED_AT, *ORIGIN)
"""Columns of raw deals that are no attributes."""
_SHAPES: Final[dict[ColumnType, str]] = {
    "moment": "not a moment: write ISO 8601, the year first",
    "number": "not a number",
    "integer": "not a whole number",
    "json": "not a JSON object",
}
_NULL_IN_JSON: Final = r"(?:^|[^\\])(?:\\\\)*\\u0000"
"""A null character as JSON writes it: behind an even number of backslashes."""


def refused_rows(table: str, raw: pl.DataFrame, field: str, reason: str) -> pl.DataFrame:
    """Return the rejects that pushed rows are, each with what stands in the field."""
    said = {
        "table": pl.lit(table),
        "row": pl.col(ROW),
        "field": pl.lit(field),
        "value": pl.col(field),
        "reason": pl.lit(reason),
    }
    absent = {name: pl.lit(None, kind) for name, kind in REJECTS.items() if name not in said}
    return raw.select(**(said | absent)).select(REJECTS.names()).cast(REJECTS)


class Sheet:
    """A raw frame of one table, typed; `rows` shrinks as rows are refused.

    Raises:
        BadInput: a column that the contract and the pipeline do not have.

    """

    def __init__(self, table: Table, frame: pl.DataFrame, pipeline: Pipeline) -> None:
        self.table = table
        self._pipeline = pipeline.name
        self.rejects: list[pl.DataFrame] = []
        self.repeated = 0
        self._each_once = False
        given = _flat(frame).with_row_index(_INDEX)
        if ROW not in frame.columns:
            given = given.with_columns((pl.col(_INDEX) + 1).cast(pl.Int64).alias(ROW))
        self.given = given
        extras = _extras(table, given, pipeline)
        _refuse_unknown(table, given, extras, pipeline)
        self.tracked = {
            c.name: c.type
            for c in extras
            if c.name in TRACKED or _policy(pipeline, c.name) == "tracked"
        }
        self._packed = [c for c in extras if c.name not in {*self.tracked, OBSERVED_AT}]
        self._columns = (*table.columns, *extras)
        self.rows = self._typed()
        if FILE in frame.columns:  # requests are read by forms that refuse it
            self._refuse_null_characters()

    def _typed(self) -> pl.DataFrame:
        given = self.given.with_columns(pl.col(pl.String).str.strip_chars())
        for place, column in enumerate(given.get_columns()):
            if column.dtype == pl.String and (empty := column == "").any():
                given.replace_column(place, column.set(empty, None))
        read = {c.name: _cast(given[c.name], c.type) for c in self._columns if c.name in given}
        absent = [c for c in self._columns if c.name not in read]
        if self.tracked and OBSERVED_AT not in read:
            absent.append(Column(OBSERVED_AT, "moment", "when the tracked fields were so"))
        implied = {"pipeline": self._pipeline}  # `normalise` fills it in where it is given empty
        empty_columns = [
            pl.Series(c.name, [implied.get(c.name)], POLARS_TYPES[c.type]).new_from_index(
                0, len(given)
            )
            for c in absent
        ]
        self.rows = pl.DataFrame([given[_INDEX], *read.values(), *empty_columns])
        for column in read.values():
            self._refuse_unread(given, column)
        return self.rows

    def _refuse_unread(self, given: pl.DataFrame, column: pl.Series) -> None:
        name = column.name
        if column.null_count() == given[name].null_count():
            return
        kind = next(c.type for c in self._columns if c.name == name)
        unread = given[_INDEX].filter(given[name].is_not_null() & column.is_null())
        self.reject(self.rows[_INDEX].is_in(unread.implode()), name, _SHAPES[kind])

    def _refuse_null_characters(self) -> None:
        for column in self._columns:
            if self.rows.schema[column.name] == pl.String:
                null = _NULL_IN_JSON if column.type == "json" else "\0"
                bad = self.rows[column.name].str.contains(null).fill_null(value=False)
                self.reject(bad, column.name, "has a null character, which PostgreSQL cannot keep")

    def as_given(self, column: str) -> pl.Series:
        """Return what the good rows had in a column before it was read."""
        return self.given[column].gather(self.rows[_INDEX])

    def frame(self) -> pl.DataFrame:
        """Return the good rows in the contract's schema, the source's own columns as JSON."""
        rows = self.rows
        if self._packed:
            names = [c.name for c in self._packed]
            rows = rows.with_columns(attributes=pl.struct(names).struct.json_encode())
        return rows[self.table.schema.names()]

    def drop_repeated(self) -> None:
        """Drop rows that say exactly what a row before them said."""
        if not self._again().any():
            self._each_once = not any(self.rows[name].null_count() for name in self.table.key)
            return
        before, said = self.rows.height, [c for c in self.rows.columns if c != _INDEX]
        self.rows = self.rows.unique(said, keep="first", maintain_order=True)
        self.repeated += before - self.rows.height

    def _again(self) -> pl.Series:
        """Say which rows have the key of a row before them."""
        key = self.rows[self.table.key]
        # equal keys have equal hashes, which are sooner compared
        if self.rows.height < 2 or key.hash_rows().n_unique() == self.rows.height:
            return pl.Series([False] * self.rows.height, dtype=pl.Boolean)
        return ~key.to_struct().is_first_distinct()

    def check_columns(self) -> None:
        """Refuse rows where a required value is missing or a word is not an allowed one."""
        for column in self.table.columns:
            if column.required and self.rows[column.name].null_count():
                self.reject(self.rows[column.name].is_null(), column.name, "missing")
            if not column.allowed:
                continue
            said = self.rows[column.name]
            good = sum((said == word).sum() for word in column.allowed) + said.null_count()
            if good < len(said):
                wrong = ~said.is_in(column.allowed).fill_null(value=True)
                allowed = ", ".join(column.allowed)
                self.reject(wrong, column.name, f"not an allowed word; allowed: {allowed}")

    def check_key(self) -> None:
        """Keep the first row of each key; one that contradicts it is refused."""
        if not self._each_once:  # or a part of the key was left out, and filled in since
            key = self.table.key
            reason = f"another row with the same {', '.join(key)} says something else"
            self.reject(self._again(), key[-1], reason)

    def reject(self, bad: pl.Series, column: str, reason: str) -> None:
        """Move the rows where `bad` is true to the rejects."""
        if not bad.any():
            return
        refused = self.given.filter(pl.col(_INDEX).is_in(self.rows.filter(bad)[_INDEX].implode()))
        self.rows = self.rows.filter(~bad)
        said = refused.drop(_INDEX, *ORIGIN, strict=False).with_columns(
            parsing.iso(pl.col(c.name))
            for c in self._columns
            if c.type == "moment" and c.name in refused and refused[c.name].dtype.is_integer()
        )
        key = [pl.col(k).cast(pl.String) for k in self.table.key if k in said and k != "pipeline"]
        self.rejects.append(
            said.select(
                file=refused.get_column(FILE, default=None),
                table=pl.lit(self.table.name),
                row=refused[ROW],
                key=pl.concat_str(key, separator=" ", ignore_nulls=True) if key else None,
                field=pl.lit(column),
                value=pl.col(column).cast(pl.String) if column in said else None,
                reason=pl.lit(reason),
                raw=pl.struct(said.columns).struct.json_encode(),
            ).cast(REJECTS)
        )


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with attributes given as objects spread into columns."""
    if isinstance(frame.schema.get("attributes"), pl.Struct):
        return frame.unnest("attributes")
    return frame


def _policy(pipeline: Pipeline, name: str) -> str | None:
    attribute = pipeline.attributes.get(name)
    return attribute.policy if attribute else None


def _extras(table: Table, given: pl.DataFrame, pipeline: Pipeline) -> list[Column]:
    """Return the columns beyond the contract's that this frame has and may have."""
    own = {*table.schema, _INDEX, *ORIGIN}
    beyond = [n for n in given.columns if n not in own]
    if table.name == "accounts":
        return [Column(n, "number" if given[n].dtype.is_numeric() else "text", n) for n in beyond]
    if table.name != "deals":
        return []
    types: dict[str, ColumnType] = {n: a.column_type for n, a in pipeline.attributes.items()}
    types |= TRACKED_TYPES | {OBSERVED_AT: "moment"}
    return [Column(n, types[n], n) for n in beyond if n in types]


def _refuse_unknown(
    table: Table, given: pl.DataFrame, extras: list[Column], pipeline: Pipeline
) -> None:
    known = [*table.schema, *(c.name for c in extras)]
    unknown = [n for n in given.columns if n not in {*known, _INDEX, *ORIGIN}]
    possible = [*known, *TRACKED_TYPES, *pipeline.attributes] if table.name == "deals" else known
    for name in unknown:
        raise BadInput(
            f"no such column of {table.name}",
            field="column",
            value=name,
            allowed=", ".join(dict.fromkeys(possible)),
            remedy=did_you_mean(name, possible) or "declare it as an attribute",
        )


def _cast(column: pl.Series, kind: ColumnType) -> pl.Series:
    if kind == "moment":
        return parsing.moments(column)
    if kind == "number":
        return parsing.numbers(column)
    if kind == "integer":
        return column.cast(pl.Int64, strict=False)
    if kind == "json":
        return column.set(~pl.Series([_is_object(v) for v in column], dtype=pl.Boolean), None)
    return column.cast(pl.String)


def _is_object(text: str | None) -> bool:
    try:
        return text is None or isinstance(json.loads(text), dict)
    except ValueError:
        return False
