"""Plain records: read by msgspec, straight into what holds them.

Nearly all requests are plain. Whatever is not (a field that is wrong, a date for a moment, a moment
without a zone) is read by pydantic, which takes more and says what it does not take.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from operator import attrgetter
from types import GenericAlias
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta

from data.moments import to_datetime
from serving.api.forms import Asked, ScoreRequest
from serving.api.records import (
    EARLIEST,
    FACTS,
    HELD,
    LATEST,
    MOMENTS,
    MOST_FACTS,
    MOST_RECORDS,
    Record,
)

_EARLIEST, _LATEST = to_datetime(EARLIEST), to_datetime(LATEST)


def _strict(name: str, fields: list[Any]) -> Any:
    return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)


def _many(kind: Any, most: int, least: int = 0) -> Any:
    return Annotated[GenericAlias(list, kind), Meta(min_length=least, max_length=most)]


_record: Final = _strict(
    "Record",
    [
        ("deal", HELD["deal"]),
        *((name, _many(HELD[name], MOST_FACTS), []) for name in FACTS),
        *((name, HELD[name] | None, None) for name in ("account", "owner")),
    ],
)
_request: Final = _strict(
    "Request",
    [
        *((name, Any, UNSET) for name in Asked.model_fields),  # few, and left to pydantic
        ("records", _many(_record, MOST_RECORDS, least=1)),
    ],
)
_records: Final = msgspec.json.Decoder(_record)
_requests: Final = msgspec.json.Decoder(_request)


def request_of(body: bytes) -> ScoreRequest:
    """Read a request for scores.

    Raises:
        ValidationError: it is none.
    """
    try:
        plain = _requests.decode(body)
        said = msgspec.structs.asdict(plain)
        records = _held(said.pop("records"))
        asked = Asked.model_validate({n: v for n, v in said.items() if v is not UNSET})
    except ValueError:  # which pydantic's and msgspec's errors are, and of what is not UTF-8
        return ScoreRequest.model_validate_json(body)
    return ScoreRequest.model_construct(**vars(asked), records=records)


def record_of(line: bytes) -> Record:
    """Read a whole record.

    Raises:
        ValidationError: it is none.
    """
    try:
        return _held([_records.decode(line)])[0]
    except ValueError:
        return Record.model_validate_json(line)


def _held(plain: Sequence[Any]) -> list[Record]:
    if not all(map(_in_time, _moments(plain))):
        raise ValueError("a moment that pydantic refuses")
    return [Record.model_construct(**msgspec.structs.asdict(one)) for one in plain]


def _in_time(moments: list[datetime]) -> bool:
    return not moments or (min(moments) >= _EARLIEST and max(moments) < _LATEST)


def _moments(plain: Sequence[Any]) -> Iterator[list[datetime]]:
    """Yield the moments of records, a column of a table at a time."""
    for name, columns in MOMENTS.items():
        held = list(filter(None, map(attrgetter(name), plain)))
        rows = list(chain.from_iterable(held)) if name in FACTS else held
        yield from (list(filter(None, map(attrgetter(one), rows))) for one in columns)
