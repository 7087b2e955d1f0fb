"""Errors of the interface as exceptions, made of its problem documents."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(eq=False)
class Problem(Exception):
    """What is wrong, as the service says it (RFC 9457).

    Attributes:
        status: the HTTP status.
        title: what is wrong.
        detail: all of it in one line.
        document: the whole problem document.
    """

    status: int
    title: str
    detail: str
    document: dict[str, Any]

    def __str__(self) -> str:
        """The one line."""
        return f"{self.status}: {self.detail or self.title}"


class Denied(Problem):
    """The key is not valid, or does not allow it: 401, 403."""


class Missing(Problem):
    """What was asked for is not there: 404."""


class Rejected(Problem):
    """The request is wrong: 400, 413, 422."""


class Busy(Problem):
    """Not now: 429, 503, after every retry."""


_KINDS: Final[dict[int, type[Problem]]] = {
    400: Rejected,
    401: Denied,
    403: Denied,
    404: Missing,
    413: Rejected,
    422: Rejected,
    429: Busy,
    503: Busy,
}


def problem(status: int, document: dict[str, Any]) -> Problem:
    """Return the exception of a problem document."""
    kind = _KINDS.get(status, Problem)
    return kind(status, str(document.get("title", "")), str(document.get("detail", "")), document)
