"""The timeline: every dated fact of every deal as one row, and the questions put between them."""

from typing import Final

import narwhals as nw

from data.moments import DAY
from data.tables import Frame, Tables

_TYPES: Final[dict[str, type[nw.String | nw.Int64 | nw.Float64]]] = {
    "deal_id": nw.String,
    "table": nw.String,
    "field": nw.String,
    "value": nw.String,
    "direction": nw.String,
    "number": nw.Float64,
    "at": nw.Int64,
    "seq": nw.Int64,
    "recorded_at": nw.Int64,
    "is_question": nw.Int64,
    "as_of": nw.Int64,
    "window": nw.Int64,
}
"""A row is a fact (what `table` says of `field`: `value`, `number`, `direction`) or a question
(`as_of`, `window` days back; 0 is the snapshot itself). All columns are typed before they are
united, since engines disagree on what an untyped null is."""


def timeline(
    tables: Tables,
    snapshots: Frame,
    windows: tuple[int, ...],
    of: tuple[str, ...] = ("changes", "activities", "checklist", "contacts"),
) -> Frame:
    """Unite the facts of the snapshots' deals with the questions.

    Args:
        tables: the contract's tables; rows known only later do no harm.
        snapshots: columns deal_id, as_of.
        windows: in days; each puts one more question, that long before as_of.
        of: the tables whose facts are wanted.
    """
    deals = snapshots.select("deal_id").unique()
    facts = [_facts(tables, name).join(deals, on="deal_id", how="semi") for name in of]
    questions = [_questions(snapshots, window) for window in (0, *windows)]
    return nw.concat([*facts, *questions], how="vertical")


_FACTS: Final[dict[str, dict[str, str | None]]] = {
    "changes": {"field": "field", "value": "value", "number": "number"},
    "activities": {
        "field": "kind",
        "value": "status",
        "number": "minutes",
        "direction": "direction",
    },
    "checklist": {"field": "item", "value": "status"},
    "contacts": {"field": "contact_id", "value": "role", "seq": None},
}


def _facts(tables: Tables, name: str) -> Frame:
    columns: dict[str, str | None] = {
        "deal_id": "deal_id",
        "at": "at",
        "seq": "seq",
        "recorded_at": "recorded_at",
        **_FACTS[name],
    }
    taken = {to: nw.col(source) for to, source in columns.items() if source is not None}
    frame: Frame = getattr(tables, name)
    return _typed(frame, {**taken, "table": nw.lit(name), "seq": taken.get("seq", nw.lit(0))})


def _questions(snapshots: Frame, window: int) -> Frame:
    moment = nw.col("as_of") - window * DAY
    return _typed(
        snapshots,
        {
            "deal_id": nw.col("deal_id"),
            "table": nw.lit("question"),
            "at": moment,
            "seq": nw.lit(window),
            "recorded_at": moment,
            "is_question": nw.lit(1),
            "as_of": nw.col("as_of"),
            "window": nw.lit(window),
        },
    )


def _typed(frame: Frame, columns: dict[str, nw.Expr]) -> Frame:
    filled = {"is_question": nw.lit(0)} | columns
    return frame.select(
        **{name: filled.get(name, nw.lit(None)).cast(dtype) for name, dtype in _TYPES.items()}
    )
