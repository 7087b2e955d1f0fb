"""Answers from places: the facts of all deals in one sorted frame, and runs along all of it.

A running sum needs no groups: what a deal counts is the sum at its last known fact less the sum
before its first. Nor does what holds: all facts are numbered by deal and by when they happened,
and the highest number so far among the facts of a kind is the place of the one that holds, or it
lies before the deal, and nothing does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

import narwhals as nw
import numpy as np
import polars as pl

from data.moments import DAY
from data.tables import Frame, collect
from features.history import CLEARED, History, How, Run
from features.timeline import ORDER

Rows: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint32]]
Moments: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

_ONE: Final = pl.lit(1, pl.Int32)
_NONE: Final = pl.lit(0, pl.Int32)
_BEFORE_ALL: Final = pl.lit(0, pl.UInt32)
_MOVED: Final = ("rises", "falls")


def answered_by_places(history: History, facts: Frame, snapshots: Frame) -> Frame:
    """Answer every question; see `features.answers.answered`."""
    runs, asked = along(history.runs), _native(snapshots).collect()

    def run(filed: pl.DataFrame) -> pl.DataFrame:
        return collect(runs(nw.from_native(filed.lazy())))

    return nw.from_native(answers_in_memory(history, _native(facts), asked, run).lazy())


def answers_in_memory(
    history: History,
    facts: pl.DataFrame | pl.LazyFrame,
    snapshots: pl.DataFrame,
    run: Callable[[pl.DataFrame], pl.DataFrame],
) -> pl.DataFrame:
    """Answer every question, of snapshots held in memory.

    Args:
        history: what was asked.
        facts: the timeline.
        snapshots: columns deal_id and as_of, each pair once.
        run: runs the query of `along` on the facts as they are filed here.
    """
    asked = snapshots.select("deal_id", "as_of").sort("deal_id", "as_of")
    deal = asked["deal_id"].rle_id()
    numbered = asked.select("deal_id", deal=deal.cast(pl.Int64)).unique("deal")
    filed = _Filed.of(facts, numbered)
    begin, end = filed.begin[deal], filed.end[deal]
    moments = asked["as_of"].to_numpy()
    runs = run(filed.facts)
    then = runs[filed.known(begin, end, moments)]
    counts = {name: name for name, run in history.runs.items() if run.counts}
    answers = _grown(then, runs, begin, counts)
    for days in sorted({days for _, days in history.windowed.values()}):
        within = {new: run for new, (run, back) in history.windowed.items() if back == days}
        answers += _grown(then, runs, filed.known(begin, end, moments - days * DAY), within)
    answers += filed.said(then, begin, end, history.runs)
    return asked.with_columns(answers)


def along(asked: Mapping[str, Run]) -> Callable[[Frame], Frame]:
    """Return the query for a column per run, along all facts: a running sum, or what holds' place.

    Its rows are those of `_Filed.facts`.
    """
    # Narwhals knows no running columns of lazy frames: it says which facts, Polars runs along
    where = {_of(name): run.where for name, run in asked.items()}
    places = [_highest(name, run.how).alias(name) for name, run in asked.items() if not run.counts]
    moves = [name for name, run in asked.items() if run.how in _MOVED]
    before = [_highest(name).shift(1).alias(_before(name)) for name in moves]
    number = pl.col("number_by_place")
    held = [number.gather(_own(_before(name))).alias(_before(name)) for name in moves]
    sums = [_sum(name, run.how).alias(name) for name, run in asked.items() if run.counts]

    def query(facts: Frame) -> Frame:
        rows = _native(facts.with_columns(**where)).with_columns(*places, *before)
        rows = rows.with_columns(held).with_columns(sums)
        return nw.from_native(rows.select(list(asked)))

    return query


def _native(frame: Frame) -> pl.LazyFrame:
    native: pl.LazyFrame = frame.to_native()
    return native


def _grown(
    then: pl.DataFrame, runs: pl.DataFrame, since: Rows, of: Mapping[str, str]
) -> list[pl.Series]:
    """Return by how much running sums grew since some rows, under new names."""
    if not of:
        return []
    past = runs.select(of.values())[since]
    return [(then[run] - past[run]).cast(pl.Int64).alias(name) for name, run in of.items()]


@dataclass(frozen=True)
class _Filed:
    """The facts of some deals in the order they became known, deal by deal, below an empty row.

    Attributes:
        facts: a row each; `begin` is the row before its deal's first, `place` its number by deal
            and `at`, `mirrored` the number that it would have if time ran backwards,
            `number_by_place` the number that the fact of that place says.
        begin: by deal, the row before its first fact.
        end: by deal, the row of its last fact, or `begin`.
        by_place: what facts say, in the order of their places.
    """

    facts: pl.DataFrame
    begin: Rows
    end: Rows
    by_place: pl.DataFrame

    @classmethod
    def of(cls, facts: pl.DataFrame | pl.LazyFrame, deals: pl.DataFrame) -> Self:
        """File the facts of deals, which the column `deal` numbers from 0."""
        known = facts.lazy().join(deals.lazy(), on="deal_id").drop("deal_id")
        empty = pl.DataFrame({"deal": -1}).cast(pl.Int64).lazy()  # it comes first, being below all
        own = pl.concat([known, empty], how="diagonal").sort("deal", *ORDER).collect()
        deal, numbers = own["deal"].to_numpy(), np.arange(len(deals))
        begin = (np.searchsorted(deal, numbers, "left") - 1).astype(np.uint32)
        end = (np.searchsorted(deal, numbers, "right") - 1).astype(np.uint32)
        order = own.select(pl.arg_sort_by("deal", "at", maintain_order=True)).to_series()
        place = np.empty(len(order), np.uint32)
        place[order.to_numpy()] = np.arange(len(order), dtype=np.uint32)
        begun, ended = _below_empty(begin[deal[1:]]), _below_empty(end[deal[1:]])
        rows = own.with_columns(begin=begun, place=place, mirrored=begun + ended + 1 - place)
        said = [pl.when(pl.col(n) != nothing).then(pl.col(n)) for n, nothing in CLEARED.items()]
        by_place = rows.select("at", *said).select(pl.all().gather(order))
        rows = rows.with_columns(by_place["number"].alias("number_by_place"))
        return cls(rows, begin, end, by_place)

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
            known = recorded[middle] <= moments
            high = np.where(known, high, np.maximum(middle, low + 1) - 1)
            low = np.where(known, middle, low)
        return low

    def said(
        self, then: pl.DataFrame, begin: Rows, end: Rows, asked: Mapping[str, Run]
    ) -> list[pl.Series]:
        """Look up what is said where the places hold; null where they lie before the deal."""
        found = []
        for name, run in asked.items():
            if not run.counts:
                place = _own(name)
                if run.how == "first":
                    place = pl.col("begin") + pl.col("end") + 1 - place
                found.append(pl.lit(self.by_place[run.column or "at"]).gather(place).alias(name))
        return then.with_columns(begin=begin, end=end).select(found).get_columns()


def _below_empty(rows: np.ndarray[Any, Any]) -> Rows:
    """Put the number of the empty row, 0, before the numbers of the others."""
    return np.concatenate(([0], rows)).astype(np.uint32)


def _own(place: str) -> pl.Expr:
    """Return a place where it is of the deal itself, and null where it lies before."""
    return pl.when(pl.col(place) > pl.col("begin")).then(pl.col(place))


def _of(name: str) -> str:
    return f"of_{name}"


def _before(name: str) -> str:
    return f"before_{name}"


def _highest(name: str, how: How = "last") -> pl.Expr:
    number = pl.col("mirrored" if how == "first" else "place")
    return pl.when(pl.col(_of(name))).then(number).otherwise(_BEFORE_ALL).cum_max()


def _sum(name: str, how: How) -> pl.Expr:
    where, number, before = pl.col(_of(name)), pl.col("number"), pl.col(_before(name))
    if how == "rises":
        where = where & (number > before)
    if how == "falls":
        where = where & (number < before)
    return pl.when(where).then(_ONE).otherwise(_NONE).cum_sum()
