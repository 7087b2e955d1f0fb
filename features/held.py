"""What stands on a deal at a moment: of a tracked field's values, the last that happened."""

from dataclasses import replace
from typing import Final

import narwhals as nw
import polars as pl

from data.contract import TRACKED
from data.tables import Frame, Tables, collect
from features.answers import answered
from features.context import Context
from features.history import History, change

_NO_WORDS: Final = Context(stages=(), kinds=(), windows=())


def held(known: Tables, words: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return a row per deal with what stands on it, null where unknown.

    Args:
        known: the tables as they stood at the moment, see `Tables.known_by`.
        words: tracked attributes that are wanted too, as text.

    Returns:
        deal_id, stage, owner_id, amount, expected_close_at, and the attributes by name.
    """
    changes = collect(known.changes.filter(nw.col("field").is_in((*TRACKED, *words))))
    last = (
        changes.sort("at", "recorded_at", "seq")
        .group_by("deal_id", "field")
        .agg(pl.last("value"), pl.last("number"))
    )

    def of(field: str, column: str) -> pl.Expr:
        return pl.col(column).filter(pl.col("field") == field).first().alias(field)

    return last.group_by("deal_id").agg(
        *(of(name, "value") for name in ("stage", "owner_id", *words)),
        of("amount", "number"),
        of("expected_close_at", "number").cast(pl.Int64),
    )


def amounts_at_closing(tables: Tables) -> pl.DataFrame:
    """Return a row per won deal with its deal_id and the amount it was won at, null if unknown.

    It is what stood on the deal when its closing became known. Later edits do not count.
    """
    won = tables.deals.filter(nw.col("outcome") == "won", ~nw.col("closed_recorded_at").is_null())
    closings = won.select("deal_id", as_of="closed_recorded_at")
    with tables.scratch():
        return collect(held_then(tables, closings, "amount", "number").drop("as_of"))


def held_then(tables: Tables, snapshots: Frame, field: str, column: str = "value") -> Frame:
    """Return deal_id, as_of and what a tracked field held then, under the field's name.

    Args:
        tables: the contract's tables; facts known only later do not touch it.
        snapshots: columns deal_id and as_of, each pair once.
        field: which field.
        column: "value" for words, "number" for numbers.
    """
    history = History(_NO_WORDS)
    said = history.held(change(field), column)
    own = replace(tables, changes=tables.changes.filter(nw.col("field") == field))
    answers = answered(history, own, snapshots, ("changes",))
    return answers.select("deal_id", "as_of", said.alias(field))
