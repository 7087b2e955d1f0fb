"""What a feature may ask of a deal's history, and how all questions are answered in one pass.

Facts are ordered by when they became known (`recorded_at`), so a question at as_of sees just
the facts above it. Values speak of the facts' own time: of two values of a field, the one that
holds is the one that happened later, however late it was entered.

Each question becomes a running column over (deal, order). Running columns may build on earlier
ones, so they stand in steps. "In the last w days" is the running count at as_of less the running
count at a marker row at as_of - w: learned within those days.
"""

from dataclasses import dataclass, field
from typing import Final

import narwhals as nw

from data.moments import DAY
from data.tables import Frame
from features.context import Context

DEAL: Final = "deal_id"
ORDER: Final = ("recorded_at", "is_question", "at", "seq")
NEVER: Final = -(2**62)
"""Stands for "has not happened" in running maxima: null would break the run on some engines."""
_CLEARED: Final[dict[str, str | float]] = {"value": "", "field": "", "number": float("-inf")}
"""Stands for a value that was cleared, by column: null would be filled with the one before it."""


def activity(
    kind: str | None = None, status: str | None = None, direction: str | None = None
) -> nw.Expr:
    """Select activities, of one kind, status or direction where given."""
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
    """Select checklist items that took a status."""
    return (nw.col("table") == "checklist") & (nw.col("value") == status)


def contact(role: str | None = None) -> nw.Expr:
    """Select contacts, of one buyer role where given."""
    chosen = nw.col("table") == "contacts"
    return chosen if role is None else chosen & (nw.col("value") == role)


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
    """Collects what features ask, so that one pass over the timeline answers all of it."""

    context: Context
    steps: list[dict[str, nw.Expr]] = field(default_factory=lambda: [{} for _ in range(4)])
    windowed: dict[str, tuple[str, int]] = field(default_factory=dict)
    moments: set[str] = field(default_factory=set)

    def count(self, where: nw.Expr, days: int | None = None) -> nw.Expr:
        """How many such facts are known; learned within the last `days` where given."""
        return self._window(self._run(0, nw.when(where).then(1).otherwise(0).cum_sum()), days)

    def last(self, where: nw.Expr) -> nw.Expr:
        """When the latest such fact happened; null where none did."""
        return self._moment(self._latest(where))

    def first(self, where: nw.Expr) -> nw.Expr:
        """When the earliest such fact happened; null where none did."""
        # the latest of the negated times, so that NEVER serves both
        negated = nw.when(where).then(-nw.col("at")).otherwise(nw.lit(NEVER))
        return -self._moment(self._run(0, negated.cum_max()))

    def held(self, where: nw.Expr, column: str = "value") -> nw.Expr:
        """What the latest such fact says in `column`; null where there is none."""
        return _unless_cleared(self._held(where, column), column)

    def rises(self, where: nw.Expr, days: int | None = None) -> nw.Expr:
        """How often such a fact's number went above the one held before it."""
        return self._moves(where, nw.col("number") > nw.col(self._before(where)), days)

    def falls(self, where: nw.Expr, days: int | None = None) -> nw.Expr:
        """How often such a fact's number went below the one held before it."""
        return self._moves(where, nw.col("number") < nw.col(self._before(where)), days)

    def answer(self, timeline: Frame) -> Frame:
        """Compute every question asked.

        Args:
            timeline: facts and questions, see `features.timeline`.

        Returns:
            A row per (deal_id, as_of) with one column per question.
        """
        for step in filter(None, self.steps):
            timeline = timeline.with_columns(
                **{name: run.over(DEAL, order_by=ORDER) for name, run in step.items()}
            )
        questions = timeline.filter(nw.col("is_question") == 1)
        names = [name for step in self.steps for name in step]
        at_snapshot = nw.col("window") == 0
        answers: dict[str, nw.Expr] = {
            name: nw.when(at_snapshot).then(nw.col(name)).max() for name in names
        }
        for name, (running, days) in self.windowed.items():
            before = nw.when(nw.col("window") == days).then(-nw.col(running)).otherwise(nw.lit(0))
            counted = nw.when(at_snapshot).then(nw.col(running)).otherwise(before)
            answers[name] = counted.sum()
        rows = questions.group_by(DEAL, "as_of").agg(**answers)
        if not self.moments:
            return rows
        happened = {n: nw.when(nw.col(n) > NEVER).then(nw.col(n)) for n in sorted(self.moments)}
        return rows.with_columns(**happened)

    def _run(self, step: int, run: nw.Expr) -> str:
        """Enter a running column and return its name; the same question is asked once."""
        key = repr(run)
        for name, asked in self.steps[step].items():
            if repr(asked) == key:
                return name
        name = f"run_{step}_{len(self.steps[step])}"
        self.steps[step][name] = run
        return name

    def _latest(self, where: nw.Expr) -> str:
        return self._run(0, nw.when(where).then(nw.col("at")).otherwise(nw.lit(NEVER)).cum_max())

    def _held(self, where: nw.Expr, column: str) -> str:
        """Enter the value that holds: of the fact whose time is the running maximum."""
        holds = where & (nw.col("at") == nw.col(self._latest(where)))
        said = nw.col(column).fill_null(_CLEARED[column])
        return self._run(1, nw.when(holds).then(said).fill_null(strategy="forward"))

    def _before(self, where: nw.Expr) -> str:
        held = _unless_cleared(self._held(where, "number"), "number")
        return self._run(2, held.shift(1))

    def _moves(self, where: nw.Expr, moved: nw.Expr, days: int | None) -> nw.Expr:
        counted = nw.when(where & moved).then(1).otherwise(0).cum_sum()
        return self._window(self._run(3, counted), days)

    def _window(self, running: str, days: int | None) -> nw.Expr:
        if days is None:
            return nw.col(running)
        name = f"{running}_in_{days}"
        self.windowed[name] = (running, days)
        return nw.col(name)

    def _moment(self, running: str) -> nw.Expr:
        self.moments.add(running)
        return nw.col(running)


def _unless_cleared(held: str, column: str) -> nw.Expr:
    return nw.when(nw.col(held) != _CLEARED[column]).then(nw.col(held))
