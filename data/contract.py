"""The contract: the tables that every source is mapped to, and what a pipeline's settings say.

Everything known of a deal is a dated fact. `deals` holds what is fixed from the start and the
final outcome; what changes over time (stage, amount, owner, expected close date, and whatever
else a mapping declares as tracked) is in `changes` and nowhere else, with a first row at the
deal's creation. So a past value can always be rebuilt, and a last value can never leak into
the past.

Moments are Int64 microseconds of UTC (see `data.moments`). `recorded_at` is when we learned a
fact; without one it is the fact's own time. `seq` breaks ties within a microsecond.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, field_validator

from data.errors import BadInput
from data.listing import Listing
from data.practice import Practice
from data.words import ROLES

ColumnType = Literal["text", "moment", "number", "integer", "json"]
Policy = Literal["fixed", "tracked", "final"]
Calendar = Literal["weekdays", "china"]

POLARS_TYPES: Final[dict[ColumnType, pl.DataType]] = {
    "text": pl.String(),
    "moment": pl.Int64(),
    "number": pl.Float64(),
    "integer": pl.Int64(),
    "json": pl.String(),
}

OUTCOMES: Final = ("open", "won", "lost")
DIRECTIONS: Final = ("in", "out")
ACTIVITY_STATES: Final = ("planned", "started", "done", "cancelled")
CHECKLIST_STATES: Final = ("C", "F", "W")
BUYER_ROLES: Final = tuple(ROLES)

TRACKED: Final = ("stage", "amount", "owner_id", "expected_close_at")
"""Fields of a deal that are always kept as history, whether or not the source has one."""


@dataclass(frozen=True)
class Column:
    """One column: its type, meaning, whether it must be filled, and its allowed words."""

    name: str
    type: ColumnType
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: its key (unique, never empty) and its columns in order."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @cached_property
    def schema(self) -> pl.Schema:
        """The Polars schema of the table."""
        return pl.Schema({c.name: POLARS_TYPES[c.type] for c in self.columns})

    def empty(self) -> pl.DataFrame:
        """Return a frame of the table's shape with no rows."""
        return pl.DataFrame(schema=self.schema)


def _text(name: str, meaning: str, required: bool = False, allowed: tuple[str, ...] = ()) -> Column:
    return Column(name, "text", meaning, required, allowed)


def _moment(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "moment", meaning, required)


def _number(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "number", meaning, required)


_PIPELINE = _text("pipeline", "the ladder of stages the deal is on", required=True)
_DEAL = _text("deal_id", "the deal", required=True)
_AT = _moment("at", "when it happened", required=True)
_RECORDED = _moment("recorded_at", "when it became known; by default when it happened", True)
_SEQ = Column("seq", "integer", "order among facts of one microsecond", required=True)
_ATTRIBUTES = Column("attributes", "json", "the source's own columns, as a JSON object")

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table(
            "deals",
            ("pipeline", "deal_id"),
            (
                _PIPELINE,
                _DEAL,
                _moment("created_at", "when the deal came into being", required=True),
                _RECORDED,
                _moment("closed_at", "when it was won or lost; empty while open"),
                _moment("closed_recorded_at", "when the closing became known"),
                _text("outcome", "how it ended", required=True, allowed=OUTCOMES),
                _text("account_id", "the customer"),
                _text("source", "what brought it: campaign, referral, search, event, partner …"),
                _text("product", "what is to be sold"),
                _text("currency", "ISO 4217 code of its amounts"),
                _text("title", "what people call it"),
                _text("converted_from", "the lead it came from, on an earlier pipeline"),
                _ATTRIBUTES,
            ),
        ),
        Table(
            "changes",
            ("pipeline", "deal_id", "field", "at", "seq"),
            (
                _PIPELINE,
                _DEAL,
                _text("field", "which field took a new value", required=True),
                _AT,
                _SEQ,
                _RECORDED,
                _text("value", "the new value as text; empty when it was cleared"),
                _number("number", "the new value as a number, where it is one; moments too"),
            ),
        ),
        Table(
            "activities",
            ("pipeline", "activity_id"),
            (
                _PIPELINE,
                _text("activity_id", "the activity", required=True),
                _DEAL,
                _AT,
                _SEQ,
                _RECORDED,
                _text("kind", "call, mail, meeting, chat, or a word of the source", required=True),
                _text("direction", "who began it, seen from the seller", allowed=DIRECTIONS),
                _text("status", "how far it is", required=True, allowed=ACTIVITY_STATES),
                _text("owner_id", "who did it"),
                _text("contact_id", "with whom"),
                _number("minutes", "how long it took"),
            ),
        ),
        Table(
            "checklist",
            ("pipeline", "deal_id", "item", "at", "seq"),
            (
                _PIPELINE,
                _DEAL,
                _text("item", "the milestone", required=True),
                _AT,
                _SEQ,
                _RECORDED,
                _text("stage", "the stage whose milestone it is"),
                _text("status", "confirmed, failed, waiting", True, CHECKLIST_STATES),
            ),
        ),
        Table(
            "contacts",
            ("pipeline", "deal_id", "contact_id"),
            (
                _PIPELINE,
                _DEAL,
                _text("contact_id", "the person", required=True),
                _AT,
                _RECORDED,
                _text("name", "the person's name"),
                _text("role", "the part they play in buying", allowed=BUYER_ROLES),
            ),
        ),
        Table(
            "accounts",
            ("account_id",),
            (
                _text("account_id", "the customer", required=True),
                _moment("recorded_at", "when it became known", required=True),
                _text("name", "the customer's name"),
                _text("industry", "what they do"),
                _text("region", "where they are"),
                _number("employees", "how many people work there"),
                _number("revenue", "revenue a year"),
                _ATTRIBUTES,
            ),
        ),
        Table(
            "owners",
            ("owner_id",),
            (
                _text("owner_id", "the seller", required=True),
                _text("name", "the seller's name"),
                _text("role", "SR, SE, SSE or a word of the source"),
                _text("team", "the team"),
                _text("region", "the region"),
                _moment("hired_at", "since when"),
            ),
        ),
        Table(
            "targets",
            ("scope", "scope_id", "period", "starts_at", "metric"),
            (
                _text("scope", "for whom", True, ("company", "region", "team", "owner")),
                _text("scope_id", "which of them", required=True),
                _text("period", "how long", True, ("day", "week", "month", "quarter", "year")),
                _moment("starts_at", "when the period begins", required=True),
                _text("metric", "won_amount, won_deals, or an activity's kind", required=True),
                _number("value", "what is to be reached", required=True),
            ),
        ),
    )
}


class Attribute(BaseModel):
    """A column of the source beyond the contract's own, and what may be done with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["text", "number", "prose"] = "text"
    """A word, a number, or prose: a text of which single terms become features."""
    policy: Policy = "final"
    column: str | None = None
    """What the source calls it, where that is another name."""
    zh: str | None = None
    en: str | None = None

    @property
    def column_type(self) -> ColumnType:
        """The type of its column: prose is kept as text."""
        return "text" if self.type == "prose" else self.type


_NAME: Final = r"^[A-Za-z0-9_\-]+$"


class Pipeline(BaseModel):
    """A pipeline's settings. What is left out is derived from its own pace."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME)
    stages: tuple[str, ...] = ()
    """The ladder, first stage first. When left out, it is found from the data: by how late deals
    enter a stage, and those at which they end last."""
    dated: bool = True
    """Whether its records have dates. Without them a record is one snapshot, taken when it came
    into being; what becomes of it is forecast, and not when."""
    won_word: str = "won"
    """What reaching the end is called: won, converted, enrolled …"""
    currency: str | None = None
    cadence_days: int | None = Field(default=None, ge=1, le=31)
    horizons_days: tuple[int, ...] | None = None
    calendar: Calendar = "weekdays"
    """Which days are worked: Monday to Friday, or as China's State Council announced them."""
    grades: tuple[int, int, int] = (60, 35, 15)
    """The lowest scores of the grades A, B and C, in per cent; below is D."""
    attributes: dict[str, Attribute] = {}
    """The source's own columns by name, beyond those of the contract."""
    left_out: tuple[str, ...] = ()
    """Features that no model may use: their names, or what stands before the colon."""
    desk: Listing = Listing()
    """How the week's list is made: hours, effort, the plan and the rules."""
    practice: Practice = Practice()
    """The handbook's numbers: exchange rates, goals of stages, quotas."""

    @field_validator("grades")
    @classmethod
    def _falling(cls, grades: tuple[int, int, int]) -> tuple[int, int, int]:
        if not 99 >= grades[0] > grades[1] > grades[2] >= 2:
            raise ValueError("the lowest scores of A, B and C: three numbers, falling, in 2 to 99")
        return grades


def table(name: str) -> Table:
    """Return a table of the contract by name.

    Raises:
        BadInput: there is no such table.

    """
    if name not in TABLES:
        raise BadInput(
            "no such table",
            field="table",
            value=name,
            allowed=", ".join(TABLES),
            remedy="see docs/contract.md",
        )
    return TABLES[name]


def pipeline_name(name: str) -> str:
    """Return a pipeline's name if it may be one.

    Raises:
        BadInput: it has other characters than Latin letters, digits, _ and -.

    """
    if not re.fullmatch(_NAME, name):
        raise BadInput(
            "not a pipeline's name",
            field="pipeline",
            value=name,
            allowed="Latin letters, digits, _ and -",
            remedy="what people call it can be in any script, elsewhere",
        )
    return name
