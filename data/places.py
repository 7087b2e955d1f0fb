"""Places: what stands for moments where only the order of records is known."""

from typing import Final

from data.contract import Pipeline
from data.moments import iso, parse_moment

LAST_PLACE: Final = 10**15
"""Where records have no dates, numbers up to this are places in their order, and not moments (of
before 2001-09-09)."""


def tell_place(pipeline: Pipeline, moment: int) -> str:
    """Return a moment as ISO 8601, or the place it is where only an order is known."""
    return str(moment) if not pipeline.dated and moment <= LAST_PLACE else iso(moment)


def read_place(pipeline: Pipeline, text: str, field: str) -> int:
    """Read what `tell_place` tells: a moment, or where no dates are, a place in the order too.

    Raises:
        BadInput: it is neither.
    """
    if not pipeline.dated and text.isdecimal() and int(text) <= LAST_PLACE:
        return int(text)
    return parse_moment(text, field)
