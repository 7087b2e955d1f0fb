"""Answers from places: the facts of all deals in one sorted frame, and runs along all of it.

A running sum needs no groups: what a deal counts is the sum at its last known fact less the sum
before its first. Nor does what holds: all facts are numbered by deal and by when they happened,
and the highest number so far among the facts of a kind is the place of the one that holds, or it
lies before the deal, and nothing does.

Rows and places count from 1; 0 is the empty one above the first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import narwhals as nw
import numpy as np
import polars as pl

from data.moments import DAY
from data.tables import Frame, collect
from features.history import CLEARED, COUNTS, History, How, Run
from features.timeline import ORDER

Rows: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int32]]
Moments: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Chosen: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def answered_by_places(history: History, facts: Frame, snapshots: Frame) -> Frame:
    """Answer every question; see `features.answers.answered`."""
    query, asked = chosen(history.runs), _native(snapshots).collect()

    def choose(filed: pl.DataFrame) -> pl.DataFrame:
        return collect(query(nw.from_native(filed.lazy())))

    return nw.from_native(answers_in_memory(history, _native(facts), asked, choose).lazy())


def chosen(asked: Mapping[str, Run]) -> Callable[[Frame], Frame]:
    """Return the query for a column per run: whether a fact is one of those asked about."""
    where = {name: run.where.fill_null(value=False) for name, run in asked.items()}
    return lambda facts: facts.select(**where)


def answers_in_memory(
    history: History,
    facts: pl.DataFrame | pl.LazyFrame,
    snapshots: pl.DataFrame,
    choose: Callable[[pl.DataFrame], pl.DataFrame],
) -> pl.DataFrame:
    """Answer every question, of snapshots held in memory.

    Args:
        history: what was asked.
        facts: the timeline.
        snapshots: columns deal_id and as_of, each pair once.
        choose: runs the query of `chosen` on the facts as they are filed here.
    """
    asked = snapshots.select("deal_id", "as_of").sort("deal_id", "as_of")
    deal = asked["deal_id"].rle_id()
    numbered = asked.select("deal_id", deal=deal.cast(pl.Int64)).unique("deal")
    filed = _Filed.of(facts, numbered)
    of, moments = deal.to_numpy(), asked["as_of"].to_numpy()
    begin, end = filed.begin[of], filed.end[of]
    known = filed.known(begin, end, moments)
    windows = {days for _, days in history.windowed.values()}
    since = {days: filed.known(begin, end, moments - days * DAY) for days in windows}
    where, answers = choose(filed.facts), dict[str, pl.Series]()
    for name, asks in history.runs.items():
        run = filed.run(asks.how, where[name].to_numpy())
        then = run[known]
        if asks.counts:
            answers[name] = _grown(then, run[begin])
            of_late = {new: days for new, (of, days) in history.windowed.items() if of == name}
            answers |= {new: _grown(then, run[since[days]]) for new, days in of_late.items()}
            continue
        if asks.how == "first":
            then = np.where(then > begin, begin + end + 1 - then, 0)
        answers[name] = filed.said(asks.column or "at", then, begin)
    return asked.hstack([answer.alias(name) for name, answer in answers.items()])


def _native(frame: Frame) -> pl.LazyFrame:
    native: pl.LazyFrame = frame.to_native()
    return native


def _grown(then: Rows, since: Rows) -> pl.Series:
    return pl.Series(np.subtract(then, since, dtype=np.int64))


@dataclass(frozen=True)
class _Filed:
    """The facts of some deals in the order they became known, deal by deal.

    Attributes:
        facts: a row each.
        begin: by deal, the row before its first fact.
        end: by deal, the row of its last fact, or `begin`.
        before: by fact, `begin` of its deal.
        place: by fact, its number by deal and `at`.
        mirrored: by fact, the number that it would have if time ran backwards.
        by_place: what facts say, in the order of their places, below an empty row.
    """

    facts: pl.DataFrame
    begin: Rows
    end: Rows
    before: Rows
    place: Rows
    mirrored: Rows
    by_place: pl.DataFrame

    @classmethod
    def of(cls, facts: pl.DataFrame | pl.LazyFrame, deals: pl.DataFrame) -> Self:
        """File the facts of deals, which the column `deal` numbers from 0."""
        known = facts.lazy().join(deals.lazy(), on="deal_id").drop("deal_id")
        own = known.sort("deal", *ORDER).collect()
        deal, numbers = own["deal"].to_numpy(), np.arange(len(deals))
        begin, end = (_whole(np.searchsorted(deal, numbers, side)) for side in ("left", "right"))
        order = own.select(pl.arg_sort_by("deal", "at", maintain_order=True)).to_series()
        place = np.empty(len(own), np.int32)
        place[order.to_numpy()] = np.arange(1, len(own) + 1, dtype=np.int32)
        said = [pl.when(pl.col(n) != nothing).then(pl.col(n)) for n, nothing in CLEARED.items()]
        empty = pl.Series([None], dtype=order.dtype)
        by_place = own.select("at", *said).select(pl.all().gather(empty.append(order)))
        before = begin[deal]
        return cls(own, begin, end, before, place, before + end[deal] + 1 - place, by_place)

    def known(self, begin: Rows, end: Rows, moments: Moments) -> Rows:
        """Return the row of the last fact known at each moment, `begin` where there is none.

        Args:
            begin: for each moment, the row before the first fact of the deal in question.
            end: for each moment, the row of its last fact.
            moments: in microseconds of UTC.
        """
        recorded = self.facts["recorded_at"].to_numpy()
        low, high = begin, end
        for _ in range(int((end - begin).max(initial=0)).bit_length()):  # all halve at once
            middle = (low + high + 1) // 2
            known = recorded[np.maximum(middle, 1) - 1] <= moments
            high = np.where(known, high, np.maximum(middle, low + 1) - 1)
            low = np.where(known, middle, low)
        return low

    def run(self, how: How, own: Chosen) -> Rows:
        """Run along all facts: a running sum, or the place of what holds; of `first` mirrored.

        Args:
            how: what the run tells.
            own: by fact, whether it is one of those asked about.

        Returns:
            By row, what stands there.
        """
        if how in ("rises", "falls"):
            own = own & self._moved(own, how)
        if how in COUNTS:
            return _below_empty(np.cumsum(own, dtype=np.int32))
        return self._highest(own, self.mirrored if how == "first" else self.place)

    def _moved(self, own: Chosen, how: How) -> Chosen:
        """Say of facts whether their number is above, or below, the one held before."""
        number = self.facts["number"].to_numpy()
        held = self._highest(own, self.place)[:-1]
        then = self.said("number", held, self.before).to_numpy()
        moved: Chosen = number > then if how == "rises" else number < then
        return moved

    @staticmethod
    def _highest(own: Chosen, number: Rows) -> Rows:
        return _below_empty(np.maximum.accumulate(np.where(own, number, np.int32(0))))

    def said(self, column: str, place: Rows, begin: Rows) -> pl.Series:
        """Look up what is said at places; null where they are not beyond `begin`."""
        return self.by_place[column][np.where(place > begin, place, 0)]


def _whole(rows: np.ndarray[Any, Any]) -> Rows:
    return rows.astype(np.int32)


def _below_empty(run: Rows) -> Rows:
    """Put the empty row's 0 before the others."""
    return np.concatenate((np.zeros(1, np.int32), run))
