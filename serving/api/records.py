"""Whole records: what a request may say of a deal, and how it becomes the contract's tables.

The fields are those of `data.contract`, each object without what its place already says: the
facts of a deal need no `deal_id`, its account no `account_id`. Strict: unknown fields, words
for numbers, NaN and infinities are refused.
"""

import json
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Required, TypeAlias

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetPydanticSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from data.contract import POLARS_TYPES, TABLES, Column, ColumnType, Pipeline
from data.errors import BadInput
from data.moments import parse_moment
from data.sheet import ROW
from data.tables import NAMES

MOST_RECORDS: Final = 1_000
MOST_FACTS: Final = 10_000
"""How many facts of one kind a record may bring."""

_EARLIEST, _LATEST = parse_moment("1900-01-01"), parse_moment("2200-01-01")


_read: Final = lru_cache(maxsize=4_096)(parse_moment)
"""Facts of one moment come together, and most became known when they happened."""


def _moment(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("moment", "ISO 8601 text, such as 2026-11-23T09:00:00+08:00")
    try:
        moment = _read(value)
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
AS_OF_NOW: Final = (
    Column("stage", "text", "the stage, where no change says it"),
    Column("amount", "number", "the amount, where no change says it"),
    Column("owner_id", "text", "the seller, where no change says it"),
    Column("expected_close_at", "moment", "the stated close date, where no change says it"),
    Column("observed_at", "moment", "when these were so; the deal's creation when left out"),
)
"""What a deal's own row may say of fields that change."""

Row: TypeAlias = dict[str, Any]


def _row_of(
    table: str, implied: tuple[str, ...], also: tuple[Column, ...] = (), called: str = ""
) -> Any:
    """Make a dict validate as a row of a contract table, less what its place implies."""
    columns = [c for c in TABLES[table].columns if c.name not in implied]
    make: Any = TypedDict  # mypy takes only forms written out by hand
    fields = {c.name: _annotation(c) for c in (*columns, *also)}
    form = make(called or table.capitalize(), fields, total=False)
    form.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    return GetPydanticSchema(lambda _, handler: handler(form))


def _annotation(column: Column) -> Any:
    kind = Name if column.name.endswith("_id") else _TYPES[column.type]
    if column.allowed:
        kind = Literal[column.allowed]
    told = Field(description=column.meaning)
    if column.required and column.name not in _FILLED_IN:
        return Required[Annotated[kind, told]]
    return Annotated[kind | None, told]


_OF_DEAL: Final = ("pipeline", "deal_id")
Deal = Annotated[Row, _row_of("deals", ("pipeline",), AS_OF_NOW)]
Change = Annotated[Row, _row_of("changes", _OF_DEAL)]
Activity = Annotated[Row, _row_of("activities", _OF_DEAL)]
Item = Annotated[Row, _row_of("checklist", _OF_DEAL)]
Contact = Annotated[Row, _row_of("contacts", _OF_DEAL)]
Account = Annotated[Row, _row_of("accounts", ("account_id",))]
Owner = Annotated[Row, _row_of("owners", ())]


def pushed_row(table: str) -> Any:
    """Return the type of a row of a contract table that comes by itself, without a record."""
    also = AS_OF_NOW if table == "deals" else ()
    return Annotated[Row, _row_of(table, ("pipeline",), also, f"{table.capitalize()}Row")]


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


def raw_rows(table: str, rows: list[Row], pipeline: Pipeline) -> pl.DataFrame:
    """Return rows that came by themselves as a raw frame, each with its place in the request.

    Raises:
        BadInput: an attribute that the pipeline does not have, or of another type.
    """
    raw = []
    for number, row in enumerate(rows):
        given = {ROW: number, **row}
        if table == "deals":
            attributes = given.pop("attributes", None) or {}
            given |= _attributes(f"rows.{number}", attributes, pipeline)
        elif "attributes" in given:
            given["attributes"] = json.dumps(given["attributes"] or {})
        raw.append(given)
    return frame_of(table, raw, pipeline)


def rows_of(records: list[Record], pipeline: Pipeline) -> dict[str, list[Row]]:
    """Lay records out as rows of tables; each row knows the number of its record.

    Raises:
        BadInput: an attribute that the pipeline does not have, or an account without an id.
    """
    rows: dict[str, list[Row]] = {name: [] for name in NAMES}
    for number, record in enumerate(records):
        deal = {ROW: number, **record.deal}
        attributes = deal.pop("attributes", None) or {}
        attributes = _attributes(f"records.{number}.deal", attributes, pipeline)
        rows["deals"].append(deal | attributes)
        of_deal = {ROW: number, "deal_id": deal["deal_id"]}
        for name in ("changes", "activities", "checklist", "contacts"):
            rows[name] += [of_deal | fact for fact in getattr(record, name)]
        if record.account is not None:
            rows["accounts"].append({ROW: number, **_account(number, record)})
        if record.owner is not None:
            rows["owners"].append({ROW: number, **record.owner})
    return rows


def _account(number: int, record: Record) -> Row:
    assert record.account is not None  # noqa: S101 - for the type checker
    account_id = record.deal.get("account_id")
    if account_id is None:
        raise BadInput(
            "an account without an id",
            field=f"records.{number}.deal.account_id",
            value=None,
            remedy="give the deal's account_id, or leave the account out",
        )
    attributes = json.dumps(record.account.get("attributes") or {})
    return {**record.account, "account_id": account_id, "attributes": attributes}


_ATTRIBUTE_TYPES: Final = {"text": (str,), "number": (int, float)}


def _attributes(where: str, given: Row, pipeline: Pipeline) -> Row:
    """Check the source's own columns of a deal against the pipeline's settings."""
    for name, value in given.items():
        declared = pipeline.attributes.get(name)
        wanted = _ATTRIBUTE_TYPES[declared.type] if declared else ()
        if value is not None and not isinstance(value, wanted):
            raise BadInput(
                "not an attribute of this pipeline" if declared is None else "the wrong type",
                field=f"{where}.attributes.{name}"[:300],
                value=value,
                allowed=declared.type if declared else ", ".join(pipeline.attributes) or "none",
                remedy="see the mapping that the pipeline was ingested with",
            )
    return {name: value for name, value in given.items() if name in pipeline.attributes}


def frame_of(name: str, rows: list[Row], pipeline: Pipeline) -> pl.DataFrame:
    """Make a raw frame of the columns that any row has, each of its declared type."""
    types = {ROW: pl.Int64(), **TABLES[name].schema}
    if name == "deals":
        types |= {c.name: POLARS_TYPES[c.type] for c in AS_OF_NOW}
        types |= {n: POLARS_TYPES[a.column_type] for n, a in pipeline.attributes.items()}
    given = {ROW}.union(*rows)
    return pl.DataFrame(rows, schema={n: t for n, t in types.items() if n in given})
