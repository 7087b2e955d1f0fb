"""What was recorded when: facts that become known only as the deal closes, or after.

A snapshot sees a fact from when it was recorded, so nothing leaks as long as `recorded_at` is
true. What comes with the closing cannot inform a forecast; and where a source stamps it as if it
had been known before, it gives the outcome away.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import narwhals as nw
import polars as pl

from data.contract import TRACKED, Pipeline
from data.moments import DAY
from data.tables import Frame, Tables, collect
from features.audit.finding import Evidence, Weight
from features.audit.records import Column
from features.audit.values import only_when_closed

_WORDS: Final = {"changes": "field", "activities": "kind", "checklist": "item", "contacts": "role"}
"""What a table's facts are of."""
_FEWEST: Final = 20
"""Facts below which nothing is said of when they come."""
_LONG: Final = 4 * DAY
"""A deal's life from which "within a day of the closing" says something."""
_MOSTLY: Final = 0.5
"""The share from which facts count as coming with the closing; its interval must be above it."""


@dataclass(frozen=True)
class _Deals:
    """The deals that lived long enough, and how many of them are won, lost and open.

    `age` is that of half of the open ones, microseconds: what comes later in a deal's life, they
    cannot have yet.
    """

    lives: Frame
    age: int
    won: int
    lost: int
    open: int

    @classmethod
    def of(cls, tables: Tables) -> "_Deals":
        last = tables.last_recorded()
        lived = nw.col("closed_at").fill_null(last) - nw.col("created_at") >= _LONG
        lives = tables.deals.filter(lived).select("deal_id", "created_at", "closed_at", "outcome")
        held = collect(lives)
        by = dict(held["outcome"].value_counts().iter_rows())
        ages = last - held.filter(pl.col("outcome") == "open")["created_at"]
        age = int(ages.median() or 0)  # type: ignore[arg-type]
        return cls(lives, age, *(by.get(outcome, 0) for outcome in ("won", "lost", "open")))


def fact_evidence(tables: Tables, pipeline: Pipeline) -> Iterator[tuple[Column, list[Evidence]]]:
    """Yield each kind of fact that mostly becomes known as deals close, with the evidence."""
    deals = _Deals.of(tables)
    stages = tables.changes.filter(nw.col("field") == "stage")
    kinds = [(name, getattr(tables, name), word) for name, word in _WORDS.items()]
    for table, facts, word in (*kinds, ("stage", stages, "value")):
        for row in _counted(facts, deals, word).iter_rows(named=True):
            column = _column(table, row["word"], pipeline)
            evidence = [*_at_end(row, column, deals), *_never_open(row, column, deals)]
            if evidence:
                yield column, evidence


def never_late(tables: Tables) -> bool:
    """Say whether every fact is stamped as recorded when it happened: nothing tells of delay."""
    facts = [getattr(tables, table) for table in _WORDS]
    delays = [one.select(delay=(nw.col("recorded_at") - nw.col("at")).max()) for one in facts]
    longest = [collect(one)["delay"][0] for one in delays]
    known = [delay for delay in longest if delay is not None]
    return bool(known) and max(known) <= 0


def _counted(facts: Frame, deals: _Deals, word: str) -> pl.DataFrame:
    """Count the facts after a deal's creation, by word.

    Returns:
        word; of closed deals the facts `n`, those known `at_end` and those `stamped` earlier, the
        `deals` that have one, the `won` of them, and those that have it `soon`, by the age of
        open ones; and the `open` deals that have one.
    """
    last_day = nw.col("closed_at") - DAY
    at_end = nw.col("recorded_at") >= last_day
    told = facts.join(deals.lives, on="deal_id").filter(nw.col("at") > nw.col("created_at"))
    is_open = nw.col("outcome") == "open"
    flags = {
        "n": ~is_open,
        "at_end": ~is_open & at_end,
        "stamped": ~is_open & at_end & (nw.col("at") < last_day),
        "by_then": nw.col("at") - nw.col("created_at") <= deals.age,
    }
    by_deal = (
        told.select(
            "deal_id",
            "outcome",
            word=nw.col(word),
            **{name: nw.when(flag).then(1).otherwise(0) for name, flag in flags.items()},
        )
        .group_by("word", "deal_id", "outcome")
        .agg(*(nw.col(name).sum() for name in flags))
    )
    sides = {
        "deals": ~is_open,
        "won": nw.col("outcome") == "won",
        "open": is_open,
        "soon": ~is_open & (nw.col("by_then") > 0),
    }
    counts = (
        by_deal.with_columns(
            **{name: nw.when(flag).then(1).otherwise(0) for name, flag in sides.items()}
        )
        .group_by("word")
        .agg(*(nw.col(name).sum() for name in (*flags, *sides)))
    )
    counted = collect(counts.filter(~nw.col("word").is_null())).sort("word")
    return counted.with_columns(pl.exclude("word").cast(pl.Int64))  # DuckDB sums to wider ones


def _column(table: str, word: str, pipeline: Pipeline) -> Column:
    if table != "changes":
        return Column(f"{table}:{word}", word, "timeline")
    attribute = pipeline.attributes.get(word)
    if attribute is not None:
        return Column(word, attribute.column or word, attribute.policy)
    return Column(word, word, "timeline" if word in TRACKED else "unknown field")


def _weight(column: Column) -> Weight:
    """Facts of the timeline are seen from when they were recorded; attributes are left out."""
    return "proof" if column.policy in ("tracked", "final") else "remark"


def _at_end(row: dict[str, int], column: Column, deals: _Deals) -> list[Evidence]:
    """Values that change within a day of the closing, or are recorded after it."""
    if row["n"] < _FEWEST or _lower(row["at_end"], row["n"]) <= _MOSTLY:
        return []
    lost = row["deals"] - row["won"]
    auc = 0.5 + abs(row["won"] / max(deals.won, 1) - lost / max(deals.lost, 1)) / 2
    share, told = row["at_end"] / row["n"], f"{auc:.2f}"
    if row["stamped"] > _MOSTLY * row["n"]:
        zh = f"{share:.0%} 在结单时或之后才录入，却记作更早发生（单看有无，AUC {told}）"
        en = (
            f"{share:.0%} recorded as the deal closed or later, yet stamped as happened before "
            f"(AUC of having it {told})"
        )
        return [Evidence("recorded_late", _weight(column), share, zh, en)]
    zh = f"{share:.0%} 随结单而来（一天之内；单看有无，AUC {told}）"
    en = f"{share:.0%} come with the closing, within a day (AUC of having it {told})"
    return [Evidence("with_closing", _weight(column), share, zh, en)]


def _never_open(row: dict[str, int], column: Column, deals: _Deals) -> list[Evidence]:
    """Facts that only closed deals have: so too where nobody says when they were recorded."""
    closed = deals.won + deals.lost
    found = only_when_closed(row["soon"], closed, row["open"], deals.open, _weight(column))
    return found if row["n"] >= _FEWEST else []


def _lower(hits: int, n: int) -> float:
    """Return the lower end of Wilson's 95 % interval of a share."""
    z, share = 1.96, hits / n
    middle = share + z**2 / (2 * n)
    spread = z * math.sqrt((share * (1 - share) + z**2 / (4 * n)) / n)
    return (middle - spread) / (1 + z**2 / n)
