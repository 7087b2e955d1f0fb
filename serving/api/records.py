"""Whole records: what a request may say of a deal, and how it becomes the contract's tables.

The fields are those of `data.contract`, each object without what its place already says: the
facts of a deal need no `deal_id`, its account no `account_id`. Strict: unknown fields, words
for numbers, NaN and infinities are refused.
"""

from typing import Annotated, Any, Final, TypeAlias

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetPydanticSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from data.contract import POLARS_TYPES, TABLES, Column, ColumnType, Pipeline
from data.errors import BadInput
from data.moments import parse_moment
from data.records import normalise
from data.sheet import ROW
from data.tables import Tables, lazy_tables

MOST_RECORDS: Final = 1_000
MOST_FACTS: Final = 10_000
"""How many facts of one kind a record may bring."""

_EARLIEST, _LATEST = parse_moment("1900-01-01"), parse_moment("2200-01-01")


def _moment(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("moment", "ISO 8601 text, such as 2026-11-23T09:00:00+08:00")
    try:
        moment = parse_moment(value)
    except BadInput as error:
        raise PydanticCustomError("moment", "{allowed}", {"allowed": error.allowed}) from None
    if not _EARLIEST <= moment < _LATEST:
        raise PydanticCustomError("moment", "a moment between the years 1900 and 2200")
    return moment


Moment = Annotated[
    int,
    BeforeValidator(_moment, json_schema_input_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
"""ISO 8601 outside, microseconds of UTC inside; without a zone it means UTC."""
Text = Annotated[str, Field(max_length=2_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Integer = Annotated[int, Field(ge=0, le=2**53)]
Attributes = Annotated[dict[Name, Text | Number | None], Field(max_length=1_000)]

_TYPES: Final[dict[ColumnType, Any]] = {
    "text": Text,
    "moment": Moment,
    "number": Number,
    "integer": Integer,
    "json": Attributes,
}
_FILLED_IN: Final = frozenset({"recorded_at", "seq", "outcome", "status", "activity_id"})
"""Required by the contract, but `normalise` knows what they are when left out."""
_NOW: Final = (
    Column("stage", "text", "the stage, where no change says it"),
    Column("amount", "number", "the amount, where no change says it"),
    Column("owner_id", "text", "the seller, where no change says it"),
    Column("expected_close_at", "moment", "the stated close date, where no change says it"),
    Column("observed_at", "moment", "when these were so; the deal's creation when left out"),
)

Row: TypeAlias = dict[str, Any]


def _row_of(table: str, implied: tuple[str, ...], also: tuple[Column, ...] = ()) -> Any:
    """Make a dict validate as a row of a contract table, less what its place implies."""
    columns = [c for c in TABLES[table].columns if c.name not in implied]
    form: Any = TypedDict(  # type: ignore[operator]
        table.capitalize(), {c.name: _annotation(c) for c in (*columns, *also)}, total=False
    )
    form.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    return GetPydanticSchema(lambda _, handler: handler(form))


def _annotation(column: Column) -> Any:
    from typing_extensions import Required

    kind = Name if column.name.endswith("_id") else _TYPES[column.type]
    told = Field(description=column.meaning)
    if column.required and column.name not in _FILLED_IN:
        return Required[Annotated[kind, told]]
    return Annotated[kind | None, told]


_OF_DEAL: Final = ("pipeline", "deal_id")
