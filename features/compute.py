"""Snapshots in, feature rows out: the one place where features are computed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import narwhals as nw
import numpy as np
import polars as pl

from data.errors import BadInput
from data.plans import Plan
from data.pool import in_turn
from data.tables import NAMES, Frame, Tables, collect
from features.answers import answered
from features.beside import (
    KEY,
    LAST_TOUCH,
    accounts_of,
    beside,
    deals_of,
    owners_of,
    told_by,
    told_of,
)
from features.calendar import with_working_days
from features.catalogue import Feature
from features.context import Context
from features.families import FAMILIES
from features.history import History
from features.places import answered_by_places, answers_in_memory, chosen
from features.snapshots import in_order
from features.tallies import Stood, standing, with_tallies
from features.timeline import timeline

DEALS_A_PART: Final = 25_000
_TYPES: Final[dict[str, type[nw.Float64 | nw.String]]] = {
    "number": nw.Float64,
    "category": nw.String,
}
"""What a feature's values are, by its kind."""


def compute(tables: Tables, snapshots: Frame, context: Context) -> pl.DataFrame:
    """Compute every feature of every snapshot.

    Args:
        tables: the contract's tables, on any engine; facts known only after a snapshot's as_of
            do not touch it.
        snapshots: columns deal_id, as_of (moment), each pair once.
        context: the pipeline's vocabularies.

    Returns:
        A row per snapshot, sorted by deal_id and as_of: these two, then the catalogue's columns,
        numbers as Float64 and categories as String, null where unknown. On DuckDB and Spark it
        is mapped from files and not held in memory, see `data.mapped`.
    """
    return tables.gather(compute_parts(tables, snapshots, context))


def compute_parts(
    tables: Tables, snapshots: Frame, context: Context, deals: int = DEALS_A_PART
) -> Iterator[pl.DataFrame]:
    """Compute the same rows, some deals at a time: what is held at once does not grow with them.

    Args:
        tables: as of `compute`.
        snapshots: as of `compute`.
        context: as of `compute`.
        deals: how many to take at a time.

    Yields:
        Rows of `compute`, in its order.
    """
    asked = in_order(collect(snapshots.select(*KEY)).rechunk())
    stood = standing(tables, context, asked["as_of"].unique().sort())
    others = [collect(accounts_of(tables.accounts)), collect(owners_of(tables.owners))]

    def computed(part: pl.DataFrame) -> pl.DataFrame:
        own = tables if len(part) == len(asked) else _of_deals(tables, part["deal_id"])
        return _computed(own, part, others, stood, context)

    yield from in_turn(computed, _parts(asked, deals), tables.host.abreast)


def _parts(asked: pl.DataFrame, deals: int) -> list[pl.DataFrame]:
    """Cut rows sorted by deal_id after every so many deals; no rows are one part."""
    number = asked["deal_id"].rle_id().to_numpy()
    begins = np.searchsorted(number, np.arange(0, number.max(initial=0) + 1, deals))
    return [asked[begin:end] for begin, end in pairwise([*begins.tolist(), len(asked)])]


def _of_deals(tables: Tables, deals: pl.Series) -> Tables:
    """Return the tables of the deals from the first to the last one by name."""
    own = nw.col("deal_id").is_between(nw.lit(deals[0]), nw.lit(deals[-1]))
    return replace(
        tables,
        deals=tables.deals.filter(own),
        changes=tables.changes.filter(own),
        activities=tables.activities.filter(own),
        checklist=tables.checklist.filter(own),
        contacts=tables.contacts.filter(own),
    )


def _computed(
    tables: Tables,
    snapshots: pl.DataFrame,
    others: list[pl.DataFrame],
    stood: Stood,
    context: Context,
) -> pl.DataFrame:
    """Compute one part: its history on the engine, all else in memory, whatever the engine."""
    history = _asked(context)[0]
    with tables.scratch():
        asked = tables.put(snapshots)
        own = asked.select("deal_id").unique()
        answers = _answers(history, tables, asked, own)
        deals = collect(deals_of(tables.deals).join(own, on="deal_id", how="semi"))
    if not answers.select(KEY).equals(snapshots):  # a cluster gives them in any order
        answers = answers.sort(KEY)
    rows = collect(told_of(nw.from_native(answers.lazy()), history))
    fixed = beside(rows, deals, *others)
    told = answers.hstack(_told(fixed, stood, context))
    return collect(_features(nw.from_native(told.lazy()), context))


def _answers(history: History, tables: Tables, asked: Frame, own: Frame) -> pl.DataFrame:
    """Answer what is asked of own deals: on a cluster's machines, or here: a part's facts fit."""
    facts = timeline(tables)
    if tables.host.remote or facts.implementation.is_polars():
        return collect(answered(history, tables, asked))
    facts = facts.join(own, on="deal_id", how="semi")
    here = [nw.from_native(collect(frame).lazy()) for frame in (facts, asked)]
    return collect(answered_by_places(history, *here))


def _told(fixed: pl.DataFrame, stood: Stood, context: Context) -> pl.DataFrame:
    """Return what is fixed with working days, and what is known of others, without `KEY`."""
    told = with_tallies(with_working_days(fixed, LAST_TOUCH, context.calendar), stood, context)
    return told[[name for name in told.columns if name not in KEY]]


def _features(told: Frame, context: Context) -> Frame:
    """Read each feature off, where the deal was known."""
    features = {
        feature.name: expression.cast(_TYPES[feature.kind])
        for feature, expression in _asked(context)[1]
    }
    known = nw.col("recorded_at") <= nw.col("as_of")
    return told.filter(known).select(*KEY, **features)


def no_rows(context: Context) -> pl.DataFrame:
    """Return what `compute` does of no snapshot, without computing anything."""
    told = {feature.name: _TYPES[feature.kind]() for feature in catalogue(context)}
    schema = nw.Schema({"deal_id": nw.String(), "as_of": nw.Int64(), **told})
    return pl.DataFrame(schema=schema.to_polars())


class Prepared:
    """`compute` for a few records at a time: one context's queries, built once (`data.plans`).

    Args:
        context: the pipeline's vocabularies, with the tallies that a bundle keeps.
        tables: the contract's tables held in memory, of any rows: what their columns are.
    """

    def __init__(self, context: Context, tables: Tables) -> None:
        self._context, self._tables = context, tables
        self._history = _asked(context)[0]
        self._told_of = Plan(lambda answers: told_of(answers, self._history))
        self._stood = standing(tables, context, pl.Series(dtype=pl.Int64)).at_hand()
        self._facts = Plan(lambda *frames: timeline(self._on(frames)), narrow=True)
        self._chosen = Plan(chosen(self._history.runs))
        self._rows = Plan(lambda told: _features(told, context))

    def compute(self, frames: Mapping[str, pl.DataFrame], snapshots: pl.DataFrame) -> pl.DataFrame:
        """Do what `compute` does, with tables and snapshots held in memory."""
        facts = self._facts(*(frames[name] for name in NAMES))
        answers = answers_in_memory(self._history, facts, snapshots, self._chosen)
        known = {"deals": deals_of, "accounts": accounts_of, "owners": owners_of}
        others = [of(frames[name]) for name, of in known.items()]
        fixed = beside(self._told_of(answers), *others)
        told = _told(fixed, self._stood, self._context)
        return self._rows(answers.hstack(told))

    def _on(self, frames: Sequence[Frame]) -> Tables:
        named: dict[str, Any] = dict(zip(NAMES, frames, strict=True))
        return replace(self._tables, **named)


def catalogue(context: Context) -> list[Feature]:
    """Return the features of a context in the order of their columns."""
    return [feature for feature, _ in _asked(context)[1]]


@lru_cache(maxsize=32)  # putting the questions costs a request more than answering them
def _asked(context: Context) -> tuple[History, list[tuple[Feature, nw.Expr]]]:
    history = History(context)
    told_by(history)  # working days and tallies ask for these, whichever features do
    families = (*FAMILIES, *context.custom)
    asked = [asked for family in families for asked in family.ask(history)]
    _check_names([feature for feature, _ in asked])
    return history, asked


def _check_names(features: list[Feature]) -> None:
    names = [*KEY, *(feature.name for feature in features)]
    twice = [one for one in features if names.count(one.name) > 1]
    if twice:
        files = sorted({one.origin for one in twice} - {""})
        raise BadInput(
            "two features have one name",
            field="features" if files else "attributes",
            value=", ".join(sorted({one.name for one in twice})),
            allowed="names that no feature of the catalogue has",
            remedy=f"give it another name in {files[0] if files else 'the mapping'}",
        )
