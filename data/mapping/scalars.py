"""The single values of a mapping, each checked as it is loaded by what will later use it."""

import zoneinfo
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

import polars as pl
from pydantic import AfterValidator, BeforeValidator

from data.errors import did_you_mean

_SAMPLE: Final = datetime(2024, 3, 5, 9, 30, tzinfo=UTC)


def _timezone(name: str) -> str:
    try:
        pl.Series([_SAMPLE]).dt.convert_time_zone(name)
    except pl.exceptions.PolarsError:
        near = did_you_mean(name, zoneinfo.available_timezones())
        raise ValueError(f"no such time zone; write one like Asia/Shanghai; {near}") from None
    return name


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        allowed = "utf-8, gb18030, gbk, big5, latin-1 or another that Python knows"
        raise ValueError(f"no such encoding; allowed: {allowed}") from None
    return name


def _pattern(pattern: str) -> str:
    try:
        pl.Series([""]).str.replace_all(pattern, "")
    except pl.exceptions.PolarsError as error:
        why = str(error).rpartition("error: ")[2].partition("\n")[0]
        hint = r"write \ before a sign that is meant as such, like '\('"
        raise ValueError(f"not a regular expression: {why}; {hint}") from None
    return pattern


def _date_format(text: str) -> str:
    """Refuse a format in which a date that is written is not read again, at least to its year."""
    try:
        written = pl.Series([_SAMPLE]).dt.strftime(text)
        read = written.str.to_datetime(text, time_unit="us", strict=False)
        readable = read.dt.year().item() == _SAMPLE.year
    except pl.exceptions.PolarsError:
        readable = False
    if not readable:
        raise ValueError('not a form of dates; write one like "%d/%m/%Y" (%d day, %m month, %Y)')
    return text


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _as_written(value: Any) -> Any:
    """Let numbers and dates, which YAML tells from text, stand for how they are written."""
    written = isinstance(value, int | float | date) and not isinstance(value, bool)
    return str(value) if written else value


Word = Annotated[str, BeforeValidator(_as_written)]
Timezone = Annotated[str, AfterValidator(_timezone)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Pattern = Annotated[str, AfterValidator(_pattern)]
DateFormats = Annotated[
    tuple[Annotated[str, AfterValidator(_date_format)], ...], BeforeValidator(_several)
]
"""One or several."""
