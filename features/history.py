"""What a feature may ask of a deal's history.

Facts are ordered by when they became known (`recorded_at`), so a question at as_of sees just
the facts above it. Values speak of the facts' own time: of two values of a field, the one that
holds is the one that happened later, however late it was entered.

Each question is a run along a deal's facts, read at the last fact that was known. "In the last w
days" is the run there less the run at the last fact known at as_of - w: learned within those
days. `features.answers` does the running.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import narwhals as nw

from data.contract import ACTIVITY_STATES, BUYER_ROLES, CHECKLIST_STATES, DIRECTIONS
from data.errors import BadInput, did_you_mean
from data.moments import DAY
from features.context import Context

How = Literal["count", "rises", "falls", "last", "first", "held"]
COUNTS: Final = ("count", "rises", "falls")
CLEARED: Final[dict[str, str | float]] = {"value": "", "field": "", "number": float("-inf")}
"""What a fact may say besides nothing to clear what was held, by column."""


@dataclass(frozen=True)
class Run:
    """A question to a deal's facts, answered anew with each of them.

    Attributes:
        how: how many (count), how often the number went up or down (rises, falls), when the
            latest or the earliest happened (last, first), what the latest says (held).
        where: which facts.
        column: of held, where the fact says it.
        selection: names `where`; the same for all runs along the same facts.
    """

    how: How
    where: nw.Expr
    column: str = ""
    selection: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is a running sum, 0 before the first fact; the others are null before."""
        return self.how in COUNTS

    @property
    def moves(self) -> bool:
        """Whether it counts only facts whose number is another than the one held before."""
        return self.how in ("rises", "falls")


def activity(
    kind: str | None = None, status: str | None = None, direction: str | None = None
) -> nw.Expr:
    """Select activities, of one kind, status or direction where given.

    Raises:
        BadInput: a status or a direction that the contract has not.
    """
    _check("status", status, ACTIVITY_STATES)
    _check("direction", direction, DIRECTIONS)
    chosen = nw.col("table") == "activities"
    if kind is not None:
        chosen &= nw.col("field") == kind
    if status is not None:
        chosen &= nw.col("value") == status
    if direction is not None:
        chosen &= nw.col("direction") == direction
    return chosen


def change(of: str, to: str | None = None) -> nw.Expr:
    """Select changes of a field, to one value where given."""
    chosen = (nw.col("table") == "changes") & (nw.col("field") == of)
    return chosen if to is None else chosen & (nw.col("value") == to)


def item(status: str) -> nw.Expr:
    """Select checklist items that took a status.

    Raises:
        BadInput: one that the contract has not.
    """
    _check("status", status, CHECKLIST_STATES)
    return (nw.col("table") == "checklist") & (nw.col("value") == status)


def contact(role: str | None = None) -> nw.Expr:
    """Select contacts, of one buyer role where given.

    Raises:
        BadInput: one that the contract has not.
    """
    _check("role", role, BUYER_ROLES)
    chosen = nw.col("table") == "contacts"
    return chosen if role is None else chosen & (nw.col("value") == role)


def _check(field: str, word: str | None, allowed: Sequence[str]) -> None:
    """Refuse a word that no fact can have: what selects nothing would keep every law."""
    if word is not None and word not in allowed:
        raise BadInput(
            "a word that no fact has",
            field=field,
            value=word,
            allowed=", ".join(allowed),
            remedy=did_you_mean(word, allowed) or "see the tables of docs/contract.md",
        )


def in_days(span: nw.Expr) -> nw.Expr:
    """Days in a span of microseconds, the same to the last bit however many rows there are.

    Multiplied, because Polars divides some columns by multiplying with the inverse and some not.
    """
    return span * (1 / DAY)


def days_since(moment: nw.Expr) -> nw.Expr:
    """Days from a moment to as_of; null where it never happened."""
    return in_days(nw.col("as_of") - moment)


@dataclass
class History:
    """Collects what features ask, so that all of it is answered at once.

    Attributes:
        context: the pipeline's vocabularies.
        runs: what was asked, by name.
        windowed: what was asked of the last days: the name of the run, and how many days.
    """

    context: Context
    runs: dict[str, Run] = field(default_factory=dict)
    windowed: dict[str, tuple[str, int]] = field(default_factory=dict)
    _names: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _selections: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The columns of the answers, in their order."""
        return [*self.runs, *self.windowed]

    def count(self, where: nw.Expr, days: int | None = None) -> nw.Expr:
        """How many such facts are known; learned within the last `days` where given."""
        return self._ask(Run("count", where), days)

    def last(self, where: nw.Expr) -> nw.Expr:
        """When the latest such fact happened; null where none did."""
        return self._ask(Run("last", where))

    def first(self, where: nw.Expr) -> nw.Expr:
        """When the earliest such fact happened; null where none did."""
        return self._ask(Run("first", where))

    def held(self, where: nw.Expr, column: str = "value") -> nw.Expr:
        """What the latest such fact says in `column`; null where there is none."""
        return self._ask(Run("held", where, column))

    def rises(self, where: nw.Expr, days: int | None = None) -> nw.Expr:
        """How often such a fact's number went above the one held before it."""
        return self._ask(Run("rises", where), days)

    def falls(self, where: nw.Expr, days: int | None = None) -> nw.Expr:
        """How often such a fact's number went below the one held before it."""
        return self._ask(Run("falls", where), days)

    def _ask(self, run: Run, days: int | None = None) -> nw.Expr:
        """Enter a run, the same one once, and return its column."""
        where = repr(run.where)
        selection = self._selections.setdefault(where, f"facts_{len(self._selections)}")
        name = self._names.setdefault((run.how, where, run.column), f"run_{len(self.runs)}")
        self.runs.setdefault(name, replace(run, selection=selection))
        if days is None:
            return nw.col(name)
        self.windowed[f"{name}_in_{days}"] = (name, days)
        return nw.col(f"{name}_in_{days}")
