"""A view of a desk: the rows that a caller may see and asked for, in the currency asked for."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import Any, Final, TypeVar

import polars as pl

from serving.access.reach import EVERYTHING, Reach
from serving.desk.about import About
from serving.desk.build import Desk
from serving.insights.funnel import Span
from serving.insights.period import Period
from serving.insights.scope import Scope
from serving.insights.targets import Target, target

Found = TypeVar("Found")
_MONEY: Final = ("value", "value_at_close", "opened_value", "margin", "value_then")
_SIDES: Final = ("owner_id", "team", "region", "source", "product")


@dataclass(frozen=True)
class View:
    """A desk as one caller sees it. The reach goes first: what lies beyond it is in no figure.

    Only how deals come and are won, and the shock they share, are learned from the whole pipeline.

    Attributes:
        desk: the desk.
        reach: what the caller may see.
        asked: what the caller asked for.
        currency: of all amounts; None: the pipeline's.
    """

    desk: Desk
    reach: Reach = EVERYTHING
    asked: Scope = field(default_factory=Scope)
    currency: str | None = None
    _found: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)
    _finding: RLock = field(default_factory=RLock, compare=False, repr=False)

    @property
    def about(self) -> About:
        """The desk's head."""
        return self.desk.about

    @property
    def as_of(self) -> int:
        """The moment that is spoken of."""
        return self.about.as_of

    @property
    def told_in(self) -> str | None:
        """The currency of all amounts; None where the pipeline's deals name none."""
        return self.currency or self.about.currency

    @cached_property
    def scope(self) -> Scope:
        """What was asked for, within what may be seen."""
        if self.reach.whole:
            return self.asked
        ids = () if self.reach.value is None else (self.reach.value,)
        side = "team" if self.reach.by == "team" else "owner_id"
        return self.asked.within(Scope(**{side: ids}))

    @cached_property
    def unit(self) -> float:
        """What a unit of the pipeline's currency is worth in the one asked for.

        Raises:
            BadInput: there is no rate of it.
        """
        return self.about.exchange.into(self.currency, self.as_of)

    @cached_property
    def deals(self) -> pl.DataFrame:
        """The deals.

        Raises:
            BadInput: no deal within reach has what was asked for.
        """
        if self.asked.chosen:
            within = self.reach.filter(self.desk.deals)
            self.asked.check(pl.concat([within.select(_SIDES), self._known_words], how="diagonal"))
        return self._of(self.desk.deals)

    @cached_property
    def open_deals(self) -> pl.DataFrame:
        """The open ones."""
        return self.deals.filter(pl.col("outcome") == "open")

    @cached_property
    def won_deals(self) -> pl.DataFrame:
        """When deals were won, and for how much: closed_at, value."""
        return self.deals.filter(pl.col("outcome") == "won").select("closed_at", "value")

    @cached_property
    def spells(self) -> pl.DataFrame:
        """Their stays in stages."""
        return self._of(self.desk.spells)

    @cached_property
    def then(self) -> pl.DataFrame:
        """How they stood a window ago."""
        return self._of(self.desk.then)

    @cached_property
    def work(self) -> pl.DataFrame:
        """The sellers' activities; sources and products do not narrow them."""
        return self._of(self.desk.work)

    @cached_property
    def followed(self) -> pl.DataFrame:
        """The accounts that the sellers followed."""
        return self._of(self.desk.followed)

    @cached_property
    def sellers(self) -> pl.DataFrame:
        """The sellers."""
        return self._of(self.desk.sellers)

    @cached_property
    def earlier(self) -> pl.DataFrame | None:
        """The deals of the earlier desk."""
        return None if self.desk.earlier is None else self._of(self.desk.earlier)

    def target(self, period: Period, metric: str = "won_amount") -> Target | None:
        """Return the target of the scope for a period, in the currency asked for."""
        found = target(self.desk.targets, self.desk.sellers, self.scope, period, metric)
        if found is None or metric != "won_amount":
            return found
        return Target(found.value * self.unit, found.basis)

    @property
    def targets(self) -> pl.DataFrame:
        """All targets, amounts in the currency asked for: they are chosen by the scope."""
        money = pl.when(pl.col("metric") == "won_amount").then(self.unit).otherwise(1.0)
        return self.desk.targets.with_columns(value=pl.col("value") * money)

    def won(self, span: Period | Span) -> float:
        """Return the amount won in a period or span, as known by now."""
        return float(self.won_deals.filter(span.holds("closed_at"))["value"].sum())

    def once(self, what: Hashable, find: Callable[[], Found]) -> Found:
        """Return what is found of this view, found when it is first asked for.

        Whoever asks meanwhile waits for it: finding it twice would take both twice as long.
        """
        if what not in self._found:
            with self._finding:
                if what not in self._found:
                    self._found[what] = find()
        found: Found = self._found[what]
        return found

    @property
    def _known_words(self) -> pl.DataFrame:
        """A seller or team without a deal is known all the same."""
        return self.reach.filter(self.desk.sellers).select("owner_id", "team", "region")

    def _of(self, frame: pl.DataFrame) -> pl.DataFrame:
        rows = self.scope.of(self.reach.filter(frame))
        money = [name for name in _MONEY if name in frame.columns]
        return rows if self.unit == 1.0 else rows.with_columns(pl.col(money) * self.unit)
