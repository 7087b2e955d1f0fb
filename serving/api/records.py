"""Whole records: what a request may say of a deal; `serving.api.frames` makes tables of it.

The fields are those of `data.contract`, each object without what its place already says: the
facts of a deal need no `deal_id`, its account no `account_id`. Strict: unknown fields, words
for numbers, NaN and infinities are refused.

Two libraries read records, by one declaration of each column. Pydantic describes them in OpenAPI
and says what is wrong with them; msgspec reads those with which nothing is, in a quarter of the
time (`serving.api.plain`). So a type names its limits to both.
"""

from datetime import date, datetime
from functools import lru_cache
from types import GenericAlias
from typing import Annotated, Any, Final, Literal, Required, TypeAlias

import msgspec
from msgspec import Meta
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetPydanticSchema
from pydantic_core import PydanticCustomError, core_schema
from typing_extensions import TypedDict

from data.contract import TABLES, Column, ColumnType
from data.errors import BadInput
from data.moments import parse_moment, to_datetime

MOST_RECORDS: Final = 1_000
MOST_FACTS: Final = 10_000
"""How many facts of one kind a record may bring."""

EARLIEST, LATEST = parse_moment("1900-01-01"), parse_moment("2200-01-01")


_read: Final = lru_cache(maxsize=4_096)(parse_moment)
"""Facts of one moment come together, and most became known when they happened."""


def _moment(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("moment", "ISO 8601 text, such as 2026-11-23T09:00:00+08:00")
    try:
        moment = _read(value)
    except BadInput as error:
        raise PydanticCustomError("moment", "{allowed}", {"allowed": error.allowed}) from None
    if not EARLIEST <= moment < LATEST:
        raise PydanticCustomError("moment", "a moment between the years 1900 and 2200")
    return moment


Moment = Annotated[
    int,
    BeforeValidator(_moment, json_schema_input_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
"""ISO 8601 outside, microseconds of UTC inside; without a zone it means UTC."""


def _day(value: object) -> object:
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]  # what is no text raises
    except (TypeError, ValueError):
        raise PydanticCustomError("date", "a date, YYYY-MM-DD, such as 2026-03-31") from None


Day = Annotated[
    date,
    BeforeValidator(_day, json_schema_input_type=str),
    Field(json_schema_extra={"format": "date"}),
]
"""An ISO 8601 date, in UTC."""
PipelineName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+$", max_length=200)]
_NO_NULL: Final = Field(pattern=r"^[^\x00]*$")
"""PostgreSQL keeps no text with a null character. What msgspec reads was looked through before."""
Text = Annotated[str, Field(max_length=2_000), _NO_NULL, Meta(max_length=2_000)]
Name = Annotated[
    str, Field(min_length=1, max_length=200), _NO_NULL, Meta(min_length=1, max_length=200)
]
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False), Meta(ge=-1e15, le=1e15)]
Integer = Annotated[int, Field(ge=0, le=2**53), Meta(ge=0, le=2**53)]
Attributes = Annotated[
    dict[Name, Text | Number | None], Field(max_length=1_000), Meta(max_length=1_000)
]

_TYPES: Final[dict[ColumnType, Any]] = {
    "text": Text,
    "moment": Moment,
    "number": Number,
    "integer": Integer,
    "json": Attributes,
}
_PLAIN_TYPES: Final = _TYPES | {"moment": Annotated[datetime, Meta(tz=True)]}
_FILLED_IN: Final = frozenset({"recorded_at", "seq", "outcome", "status", "activity_id"})
"""Required by the contract, but `normalise` knows what they are when left out."""
AS_OF_NOW: Final = (
    Column("stage", "text", "the stage, where no change says it"),
    Column("amount", "number", "the amount, where no change says it"),
    Column("owner_id", "text", "the seller, where no change says it"),
    Column("expected_close_at", "moment", "the stated close date, where no change says it"),
    Column("observed_at", "moment", "when these were so; the deal's creation when left out"),
)
"""What a deal's own row may say of fields that change."""

Row: TypeAlias = dict[str, Any]


def _form(
    table: str, implied: tuple[str, ...], also: tuple[Column, ...] = (), called: str = ""
) -> Any:
    """Make what pydantic reads a row of a contract table by, less what its place implies."""
    make: Any = TypedDict  # mypy takes only forms written out by hand
    fields = {c.name: _annotation(c) for c in _columns(table, implied, also)}
    form = make(called or table.capitalize(), fields, total=False)
    form.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    return form


def _columns(table: str, implied: tuple[str, ...], also: tuple[Column, ...]) -> list[Column]:
    return [*(c for c in TABLES[table].columns if c.name not in implied), *also]


def _annotation(column: Column) -> Any:
    told = Field(description=column.meaning)
    if _needed(column):
        return Required[Annotated[_kind(column, _TYPES), told]]
    return Annotated[_kind(column, _TYPES) | None, told]


def _kind(column: Column, types: dict[ColumnType, Any]) -> Any:
    if column.allowed:
        return Literal[column.allowed]
    return Name if column.name.endswith("_id") else types[column.type]


def _needed(column: Column) -> bool:
    return column.required and column.name not in _FILLED_IN


def _held(table: str, implied: tuple[str, ...], also: tuple[Column, ...]) -> Any:
    """Make what holds a row of a whole record, and what msgspec reads it by.

    No row holds another, so the collector of cycles need not look at thousands of them.
    """
    fields: list[Any] = [
        (c.name, kind) if _needed(c) else (c.name, kind | None, None)
        for c in _columns(table, implied, also)
        for kind in [_kind(c, _PLAIN_TYPES)]
    ]
    return msgspec.defstruct(table, fields, kw_only=True, forbid_unknown_fields=True, gc=False)


_OF_DEAL: Final = ("pipeline", "deal_id")
_ROWS: Final[dict[str, tuple[str, tuple[str, ...], tuple[Column, ...]]]] = {
    "deal": ("deals", ("pipeline",), AS_OF_NOW),
    "changes": ("changes", _OF_DEAL, ()),
    "activities": ("activities", _OF_DEAL, ()),
    "checklist": ("checklist", _OF_DEAL, ()),
    "contacts": ("contacts", _OF_DEAL, ()),
    "account": ("accounts", ("account_id",), ()),
    "owner": ("owners", (), ()),
}
"""By field of a record: the table whose row it holds, what its place implies, what it has too."""
HELD: Final = {name: _held(*row) for name, row in _ROWS.items()}
COLUMNS: Final = {name: _columns(*row) for name, row in _ROWS.items()}
"""By field of a record: what its rows may say."""
MOMENTS: Final = {
    name: [c.name for c in columns if c.type == "moment"] for name, columns in COLUMNS.items()
}
FACTS: Final = ("changes", "activities", "checklist", "contacts")


def _row(name: str) -> Any:
    """Make pydantic read what `HELD` holds."""
    form, held, moments = _form(*_ROWS[name]), HELD[name], MOMENTS[name]

    def hold(row: Row) -> Any:
        read = {one: to_datetime(row[one]) for one in moments if row.get(one) is not None}
        return held(**row | read)

    return GetPydanticSchema(
        lambda _, handler: core_schema.no_info_after_validator_function(hold, handler(form))
    )


Deal = Annotated[Any, _row("deal")]
Change = Annotated[Any, _row("changes")]
Activity = Annotated[Any, _row("activities")]
Item = Annotated[Any, _row("checklist")]
Contact = Annotated[Any, _row("contacts")]
Account = Annotated[Any, _row("account")]
Owner = Annotated[Any, _row("owner")]


def pushed_row(table: str) -> Any:
    """Return the type of a row of a contract table that comes by itself, without a record."""
    also = AS_OF_NOW if table == "deals" else ()
    form = _form(table, ("pipeline",), also, f"{table.capitalize()}Row")
    return Annotated[Row, GetPydanticSchema(lambda _, handler: handler(form))]


def strict(name: str, fields: list[Any]) -> Any:
    """Make what msgspec reads an object by that has no other fields."""
    return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)


def many(kind: Any, most: int, least: int = 0) -> Any:
    """Return the type of a list of so many."""
    return Annotated[GenericAlias(list, kind), Meta(min_length=least, max_length=most)]


class Record(BaseModel):
    """All that the caller knows of one deal. Facts later than as_of are not used."""

    model_config = ConfigDict(extra="forbid", strict=True)

    deal: Deal
    changes: list[Change] = Field([], max_length=MOST_FACTS)
    activities: list[Activity] = Field([], max_length=MOST_FACTS)
    checklist: list[Item] = Field([], max_length=MOST_FACTS)
    contacts: list[Contact] = Field([], max_length=MOST_FACTS)
    account: Account | None = None
    owner: Owner | None = None


HeldRecord: Final = strict(
    "HeldRecord",
    [
        ("deal", HELD["deal"]),
        *((name, many(HELD[name], MOST_FACTS), []) for name in FACTS),
        *((name, HELD[name] | None, None) for name in ("account", "owner")),
    ],
)
"""What holds a whole record, and what msgspec reads it by."""
WholeRecord = Annotated[
    Any,
    GetPydanticSchema(
        lambda _, handler: core_schema.no_info_after_validator_function(
            lambda form: HeldRecord(**vars(form)), handler(Record)
        )
    ),
]
"""A record as pydantic reads it, and held as msgspec does."""
