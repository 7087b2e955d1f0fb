"""Answers from places: the facts of all deals in one sorted frame, and runs along all of it.

A sum needs no groups: a deal counts the facts of a kind down to its last known one, less those
above its first. Nor does what holds: all facts are numbered by deal and by when they happened,
and the highest number so far among the facts of a kind is the place of the one that holds, or it
lies before the deal, and nothing does.

Rows and places count from 1; 0 is the empty one above the first.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self, TypeAlias

import narwhals as nw
import numpy as np
import polars as pl

from data.moments import DAY
from data.tables import Frame, collect
from features.beside import look_up
from features.history import CLEARED, History, How, Run
from features.snapshots import in_order
from features.timeline import ORDER

Rows: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int32]]
"""Rows, places and counts of a part's facts: half of 64 bits are read in less time."""
Indices: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.intp]]
Moments: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Chosen: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
Bits: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

_ABOVE: Final = np.zeros(1, np.int32)
"""The empty row's number, or how many facts lie above the first: none."""
_NO_BITS: Final = np.zeros(1, np.uint8)
_NEVER: Final = pl.Series([None], dtype=pl.Int64)


def answered_by_places(history: History, facts: Frame, snapshots: Frame) -> Frame:
    """Answer every question; see `features.answers.answered`."""
    query = chosen(history.runs)

    def choose(filed: pl.DataFrame) -> pl.DataFrame:
        return collect(query(nw.from_native(filed.lazy())))

    answers = answers_in_memory(history, collect(facts), collect(snapshots), choose)
    return nw.from_native(answers.lazy())


def chosen(asked: Mapping[str, Run]) -> Callable[[Frame], Frame]:
    """Return the query for a column per selection: whether a fact is one of those asked about."""
    where = {run.selection: run.where.fill_null(value=False) for run in asked.values()}
    return lambda facts: facts.select(**where)


def answers_in_memory(
    history: History,
    facts: pl.DataFrame,
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
    asked = in_order(snapshots.select("deal_id", "as_of"))
    ids, moments = asked["deal_id"], asked["as_of"].to_numpy()
    begins = np.ones(len(ids), np.bool_)
    begins[1:] = ids[1:] != ids[:-1]
    deal, deals = np.cumsum(begins) - 1, ids.filter(pl.Series(begins))
    filed = _Filed.of(facts, deals.to_frame().with_row_index("deal"))
    begin = filed.begin[deal]
    known = filed.known(begin, filed.end[deal], moments)
    windows = {days for _, days in history.windowed.values()}
    since = {days: _Down.to(filed.known(begin, known, moments - days * DAY)) for days in windows}
    before, then, where = _Down.to(filed.begin), _Down.to(known), choose(filed.facts)
    answers = dict[str, pl.Series]()
    for (selection, moves), names in _by_facts(history.runs).items():
        own = filed.some(where[selection].to_numpy(), moves)
        count, others = own.count(then), own.count(before)[deal]
        for name in names:
            run = history.runs[name]
            if not run.counts:
                answers[name] = filed.said(run, own, count, begin)
                continue
            answers[name] = _counts(count - others)
            of_late = {new: days for new, (of, days) in history.windowed.items() if of == name}
            answers |= {n: _counts(count - own.count(since[d])) for n, d in of_late.items()}
    return asked.hstack([answers[n].alias(n) for n in history.columns])


def _counts(count: Rows) -> pl.Series:
    return pl.Series(count.astype(np.int64))


def _by_facts(runs: Mapping[str, Run]) -> dict[tuple[str, How | None], list[str]]:
    """Put runs together that are about the same facts: a selection, or those that move it."""
    found = defaultdict[tuple[str, How | None], list[str]](list)
    for name, run in runs.items():
        found[run.selection, run.how if run.moves else None].append(name)
    return found


@dataclass(frozen=True)
class _Down:
    """How far down the facts are read, for many questions: which byte ends it, which bits of it."""

    byte: Indices
    bits: Bits

    @classmethod
    def to(cls, rows: Rows) -> Self:
        return cls((rows >> 3).astype(np.intp), ((1 << (rows & 7)) - 1).astype(np.uint8))


@dataclass(frozen=True)
class _Some:
    """Some of the facts, a bit for each; how many there are down to a row is looked up.

    That is what succinct data structures call rank (Jacobson 1989): the sum above the row's byte,
    and the bits of that byte.

    Attributes:
        own: by fact, whether it is one of them.
        bits: eight facts a byte, the last byte empty.
        above: by byte, how many there are above it.
    """

    own: Chosen
    bits: Bits
    above: Rows

    @classmethod
    def of(cls, own: Chosen) -> Self:
        bits = np.packbits(own, bitorder="little")
        sums = np.cumsum(np.bitwise_count(bits), dtype=np.int32)
        return cls(own, np.concatenate((bits, _NO_BITS)), np.concatenate((_ABOVE, sums)))

    @cached_property
    def rows(self) -> Indices:
        """Which they are, the first of all facts being 0."""
        return np.flatnonzero(self.own)

    def count(self, down: _Down) -> Rows:
        """Return how many there are down to each row."""
        count: Rows = self.above[down.byte] + np.bitwise_count(self.bits[down.byte] & down.bits)
        return count


@dataclass(frozen=True)
class _Filed:
    """The facts of some deals in the order they became known, deal by deal.

    Attributes:
        facts: a row each.
        deal: by fact, the number of its deal.
        begin: by deal, the row before its first fact.
        end: by deal, the row of its last fact, or `begin`.
        place: by fact, its number by deal and `at`.
        at: by place, when it happened, below 0.
        by_place: what facts say, in the order of their places, below an empty row.
    """

    facts: pl.DataFrame
    deal: Rows
    begin: Rows
    end: Rows
    place: Rows
    at: Moments
    by_place: pl.DataFrame

    @classmethod
    def of(cls, facts: pl.DataFrame, deals: pl.DataFrame) -> Self:
        """File the facts of deals, which the column `deal` numbers from 0."""
        found = look_up(facts["deal_id"], deals)
        facts = facts[[name for name in facts.columns if name != "deal_id"]].hstack(found).rechunk()
        own = facts[_order(facts, *ORDER)[found["deal"].null_count() :]]  # null comes first
        deal, numbers = (
            own["deal"].to_numpy().astype(np.int32),
            np.arange(len(deals), dtype=np.int32),
        )
        begin, end = (
            np.searchsorted(deal, numbers, side).astype(np.int32) for side in ("left", "right")
        )
        order = _order(own, "at")
        place = np.empty(len(own), np.int32)
        place[order.to_numpy()] = np.arange(1, len(own) + 1)
        said = [pl.when(pl.col(n) != nothing).then(pl.col(n)) for n, nothing in CLEARED.items()]
        below_empty = pl.Series([None], dtype=order.dtype).append(order).rechunk()
        at = np.concatenate((_ABOVE, own["at"].to_numpy()[order]))
        by_place = own.select(said)[below_empty]
        return cls(own, deal, begin, end, place, at, by_place)

    def known(self, low: Rows, high: Rows, moments: Moments) -> Rows:
        """Return the row of the last fact known at each moment, `low` where there is none.

        Args:
            low: for each moment, the row before the first fact in question.
            high: for each moment, the row of the last one.
            moments: in microseconds of UTC.
        """
        recorded = np.concatenate((_ABOVE, self.facts["recorded_at"].to_numpy()))
        step = np.int32(1 << int((high - low).max(initial=0)).bit_length())
        while step := step >> 1:  # all go on by as many rows at once, or stay
            on = low + step
            low = low + step * ((recorded.take(on, mode="clip") <= moments) & (on <= high))
        return low

    def some(self, own: Chosen, moves: How | None) -> _Some:
        """Return some of the facts; of them those whose number rises or falls, where asked."""
        some = _Some.of(own)
        if moves is None:
            return some
        held = np.concatenate((_ABOVE, np.maximum.accumulate(self.place[some.rows])))[:-1]
        then = self._said("number", held, self.begin[self.deal[some.rows]]).to_numpy()
        number = self.facts["number"].to_numpy()[some.rows]
        moved = np.zeros(len(own), np.bool_)
        moved[some.rows] = number > then if moves == "rises" else number < then
        return _Some.of(moved)

    def said(self, run: Run, own: _Some, count: Rows, begin: Rows) -> pl.Series:
        """Return what a run along some facts tells, of deals where so many of them are known.

        Args:
            run: what is told.
            own: the facts.
            count: how many of them lie above what is not yet known.
            begin: the row before the deal's first fact.
        """
        place = self.place[own.rows]
        if run.how == "first":  # the last one, if time ran backwards
            deal = self.deal[own.rows]
            turned = self.begin[deal] + self.end[deal] + 1
            place = turned - np.maximum.accumulate(turned - place)
        else:
            place = np.maximum.accumulate(place)
        return self._said(run.column, np.concatenate((_ABOVE, place))[count], begin)

    def _said(self, column: str, place: Rows, begin: Rows) -> pl.Series:
        """Look up what is said at places, or when that was; null where none is beyond `begin`."""
        own = place > begin
        if column:
            return self.by_place[column][(place * own).astype(np.uint32)]  # as Polars counts rows
        return pl.Series(self.at[place]).zip_with(pl.Series(own), _NEVER)


def _order(facts: pl.DataFrame, *moments: str) -> pl.Series:
    """Return the order of facts by deal and moments; it is fast where they are nearly in it."""
    order = pl.arg_sort_by("deal", *moments, maintain_order=True)
    return facts.select(order).to_series()
