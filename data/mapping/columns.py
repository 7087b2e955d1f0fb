"""Columns of a source: where a contract column's values come from and how they are written."""

from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from data import parsing
from data.contract import Attribute, Column, ColumnType
from data.mapping.scalars import DateFormats, Pattern, Timezone, Word
from data.places import LAST_PLACE
from data.sheet import ROW


class Strict(BaseModel):
    """A block of a mapping: an unknown word in it is an error, not a silent nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Dialect(Strict):
    """How a whole source writes: its time zone and its words for nothing."""

    timezone: Timezone = "UTC"
    """What a moment without a zone means, such as Asia/Shanghai."""
    missing: tuple[Word, ...] = ()
    """Words that mean an empty value, such as Select or 无."""


class ColumnSpec(Strict):
    """Where a value comes from and how it is written there."""

    column: str | None = None
    """The source's column."""
    constant: Word | None = None
    """A value for every row, instead of a column."""
    row: Literal[True] | None = None
    """The row's number, instead of a column: an id, or the order, where a file has none."""
    order: str | None = None
    """The source's column of whole numbers that rise with time, where no dates are."""
    words: dict[Word, Word] = {}
    """Translations of whole values."""
    otherwise: Word | None = None
    """What an empty value becomes; with `words`, also every value that they do not have."""
    filled: Word | None = None
    """What every value becomes that is not empty: a date of signing says `won`."""
    where: dict[str, tuple[Word, ...]] = {}
    """Take the value only where these columns of the source have one of these words."""
    remove: Pattern | None = None
    """A regular expression; what it matches is cut out."""
    format: DateFormats = ()
    """How dates are written, in strptime's words; several are tried in order."""
    decimal: str = "."
    thousands: str = ""
    scale: float = 1.0
    """What numbers are multiplied by: 10000 for 万元."""

    @model_validator(mode="after")
    def _has_a_source(self) -> "ColumnSpec":
        given = [x for x in (self.column, self.constant, self.row, self.order) if x is not None]
        if len(given) != 1:
            raise ValueError("give either column or constant, or row or order")
        return self

    @property
    def undated(self) -> bool:
        """Whether its moments say what came before what, and not when."""
        return self.row is not None or self.order is not None

    @property
    def sources(self) -> set[str]:
        """The source's columns that this needs."""
        return {*self.where, *(name for name in (self.column, self.order) if name)}

    def check_words(self, column: Column) -> None:
        """Raise ValueError if this makes a word that the contract's column does not allow."""
        allowed = (*column.allowed, None)
        for word in (*self.words.values(), self.constant, self.otherwise, self.filled):
            if column.allowed and word not in allowed:
                words = ", ".join(column.allowed)
                raise ValueError(f"{column.name} may not be {word!r}; allowed: {words}")

    def read(self, rows: pl.DataFrame, kind: ColumnType, dialect: Dialect) -> pl.Series:
        """Return the values; what cannot be read as `kind` stays as it was written."""
        text = self._text(rows, dialect)
        if text.dtype != pl.String or kind in ("text", "json"):
            return text
        if kind == "moment" and self.undated:
            place = parsing.numbers(text)
            place = place.set(~place.is_between(0, LAST_PLACE), None)
            return pl.select(parsing.iso(pl.lit(place.cast(pl.Int64))).fill_null(text)).to_series()
        if kind == "moment":
            read = parsing.moments(text, self.format, dialect.timezone)
            # in the zone it was written for, in which a day can still be told from a moment
            written = parsing.iso(pl.lit(read), dialect.timezone)
            return pl.select(written.fill_null(text)).to_series()
        numbers = parsing.numbers(text, self.decimal, self.thousands, self.scale)
        return numbers.cast(pl.String).fill_null(text)

    def _text(self, rows: pl.DataFrame, dialect: Dialect) -> pl.Series:
        if self.constant is not None:
            text = pl.repeat(self.constant, rows.height, dtype=pl.String, eager=True)
        else:
            text = parsing.words(rows[self.column or self.order or ROW], dialect.missing)
        if self.remove:
            text = text.str.replace_all(self.remove, "")
        if self.words and self.otherwise is not None:
            text = text.replace_strict(self.words, default=self.otherwise, return_dtype=pl.String)
        elif self.words:
            text = text.replace(self.words)
        if self.filled is not None:
            text = text.set(text.is_not_null(), self.filled)
        if self.otherwise is not None:
            text = text.fill_null(self.otherwise)
        for column, wanted in self.where.items():
            taken = parsing.words(rows[column]).is_in(wanted).fill_null(value=False)
            text = text.set(~taken, None)
        return text


def _from_name(value: Any) -> Any:
    """Let `deal_id: 编号` stand for `deal_id: {column: 编号}`."""
    return {"column": str(value)} if isinstance(value, str | int | float) else value


Source = Annotated[ColumnSpec, BeforeValidator(_from_name)]


class AttributeSpec(ColumnSpec, Attribute):
    """A column of the source's own: also its type, its policy and its names for people."""

    @property
    def attribute(self) -> Attribute:
        """The contract's side of it."""
        return Attribute(**{name: getattr(self, name) for name in Attribute.model_fields})
