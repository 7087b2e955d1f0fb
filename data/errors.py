"""One shape for everything that can be wrong with an input.

    DealcastError
    ├── BadInput      a value that the caller can mend           exit 2, HTTP 422
    ├── NotFound      a deal, pipeline, list or bundle is absent exit 2, HTTP 404
    ├── Forbidden     the key or its scope does not allow it     exit 2, HTTP 401 or 403
    ├── TooMany       more calls than are allowed in a time      HTTP 429
    └── NotReady      something must be done or awaited first    exit 2, HTTP 503

Each names the field, the value, what is allowed and the remedy.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(eq=False)
class DealcastError(Exception):
    """What is wrong, where, what would be right, and what to do about it."""

    title: str
    field: str | None = None
    value: object = None
    allowed: str | None = None
    remedy: str | None = None

    status: ClassVar[int] = 500

    def __str__(self) -> str:
        """One line for a terminal or a log."""
        parts = [self.title]
        if self.field is not None:
            parts.append(f"{self.field}={self.value!r}"[:300])
        if self.allowed is not None:
            parts.append(f"allowed: {self.allowed}")
        if self.remedy is not None:
            parts.append(self.remedy)
        return " ".join("; ".join(parts).split())

    def problem(self) -> dict[str, object]:
        """Return the RFC 9457 problem+json document of this error."""
        # what is private to a module is told as what it is of
        kind = next(of.__name__ for of in type(self).__mro__ if not of.__name__.startswith("_"))
        document: dict[str, object] = {
            "type": f"urn:dealcast:problem:{kind}",
            "title": self.title,
            "status": self.status,
            "detail": str(self),
        }
        extra = {"field": self.field, "allowed": self.allowed, "remedy": self.remedy}
        document |= {name: text for name, text in extra.items() if text is not None}
        if self.field is not None:
            document["value"] = repr(self.value)[:300]
        return document


class BadInput(DealcastError):
    """A value that the caller can mend."""

    status = 422


class NotFound(DealcastError):
    """What was asked for is not there."""

    status = 404


class Forbidden(DealcastError):
    """The caller may not do this."""

    status = 403


@dataclass(eq=False)
class TooMany(DealcastError):
    """More calls than are allowed in a time; retry_after says how many seconds to wait."""

    retry_after: int = 60

    status: ClassVar[int] = 429


class NotReady(DealcastError):
    """Something must be done or awaited first."""

    status = 503


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return the nearest allowed word as a question, or nothing."""
    near = difflib.get_close_matches(word, list(allowed), n=1)
    return f"did you mean {near[0]}?" if near else ""


def first_line(error: Exception) -> str:
    """Return what an error says, without a database's further lines: they show the row."""
    return str(error).partition("\n")[0]
