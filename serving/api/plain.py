"""Plain records: read by msgspec, straight into what holds them.

Nearly all requests are plain. Whatever is not (a field that is wrong, a date for a moment, a moment
without a zone, a null character) is read by pydantic, which takes more and says what it does not
take.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import UNSET
from pydantic import TypeAdapter

from data.moments import to_datetime
from serving.api.forms import Asked, ScoreRequest
from serving.api.records import (
    EARLIEST,
    FACTS,
    LATEST,
    MOMENTS,
    MOST_RECORDS,
    HeldRecord,
    Record,
    WholeRecord,
    many,
    strict,
)

_EARLIEST, _LATEST = to_datetime(EARLIEST), to_datetime(LATEST)


_request: Final = strict(
    "Request",
    [
        *((name, Any, UNSET) for name in Asked.model_fields),  # few, and left to pydantic
        ("records", many(HeldRecord, MOST_RECORDS, least=1)),
    ],
)
_records: Final = msgspec.json.Decoder(HeldRecord)
_by_pydantic: Final = TypeAdapter[Record](WholeRecord)
_requests: Final = msgspec.json.Decoder(_request)


def request_of(body: bytes) -> ScoreRequest:
    """Read a request for scores.

    Raises:
        ValidationError: it is none.
    """
    try:
        plain = _requests.decode(_without_null(body))
        said = msgspec.structs.asdict(plain)
        records = _in_time(said.pop("records"))
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
        return _in_time([_records.decode(_without_null(line))])[0]
    except ValueError:
        return _by_pydantic.validate_json(line)


def _without_null(body: bytes) -> bytes:
    """Return JSON, unless it may tell a null character, which text may not have."""
    if b"\\u0000" in body:
        raise ValueError("perhaps a null character")
    return body


def _in_time(records: list[Record]) -> list[Record]:
    """Return records, unless one tells a moment that pydantic refuses."""
    for moments in _moments(records):
        if moments and not (min(moments) >= _EARLIEST and max(moments) < _LATEST):
            raise ValueError("a moment out of all time")
    return records


def _moments(records: Sequence[Record]) -> Iterator[list[datetime]]:
    """Yield the moments of records, a column of a table at a time."""
    for name, columns in MOMENTS.items():
        held = list(filter(None, map(attrgetter(name), records)))
        rows = list(chain.from_iterable(held)) if name in FACTS else held
        yield from (list(filter(None, map(attrgetter(one), rows))) for one in columns)
