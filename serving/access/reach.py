"""Which deals a caller's rights reach: those of one owner, of one team, all, or none.

Every query of deals takes a `Reach` as a required argument and applies it before anything is
counted, ranked or summed; so rows out of reach show neither in lists nor in totals nor in errors.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import polars as pl
import sqlalchemy as sa

Query = TypeVar("Query", bound=sa.Select[Any])


@dataclass(frozen=True)
class Reach:
    """Rows by their columns owner_id and team.

    Attributes:
        by: the column that decides; "all" and "none" ask no column.
        value: what the column must hold. Null holds nothing, so it reaches nothing.
    """

    by: Literal["owner_id", "team", "all", "none"]
    value: str | None = None

    @property
    def whole(self) -> bool:
        """Whether every row is within reach."""
        return self.by == "all"

    def covers(self, owner_id: str | None, team: str | None) -> bool:
        """Say whether one row is within reach, by its owner and the owner's team."""
        held = {"owner_id": owner_id, "team": team}.get(self.by)
        return self.whole or (held is not None and held == self.value)

    def where(
        self, owner_id: sa.ColumnElement[Any], team: sa.ColumnElement[Any]
    ) -> sa.ColumnElement[bool]:
        """Return the condition that a row is within reach, on a query's own two columns."""
        if self.whole:
            return sa.true()
        if self.by == "none" or self.value is None:
            return sa.false()
        return (owner_id if self.by == "owner_id" else team) == self.value

    def select(
        self, query: Query, owner_id: sa.ColumnElement[Any], team: sa.ColumnElement[Any]
    ) -> Query:
        """Return a query with only the rows within reach."""
        return query.where(self.where(owner_id, team))

    def filter(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a frame within reach, by its columns owner_id and team."""
        if self.whole:
            return frame
        if self.by == "none" or self.value is None:
            return frame.clear()
        return frame.filter(pl.col(self.by) == self.value)


EVERYTHING: Final = Reach("all")
"""For jobs of the command line, which whoever owns the workspace runs."""

NOTHING: Final = Reach("none")
