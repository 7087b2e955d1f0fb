"""The timeline: every dated fact of every deal as one row."""

from typing import Final

import narwhals as nw

from data.tables import Frame, Tables

ORDER: Final = ("recorded_at", "at", "seq")
"""The order of a deal's facts: as they became known."""

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
}
"""A row is a fact: what `table` says of `field` (`value`, `number`, `direction`). All columns are
typed before they are united, since engines disagree on what an untyped null is."""

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
ALL: Final = tuple(_FACTS)


def timeline(tables: Tables, of: tuple[str, ...] = ALL) -> Frame:
    """Unite the facts of some of the contract's tables."""
    return nw.concat([_facts(tables, name) for name in of], how="vertical")


def _facts(tables: Tables, name: str) -> Frame:
    columns: dict[str, str | None] = {
        "deal_id": "deal_id",
        "at": "at",
        "seq": "seq",
        "recorded_at": "recorded_at",
        **_FACTS[name],
    }
    taken = {to: nw.col(source) for to, source in columns.items() if source is not None}
    told = {**taken, "table": nw.lit(name), "seq": taken.get("seq", nw.lit(0))}
    frame: Frame = getattr(tables, name)
    return frame.select(
        **{column: told.get(column, nw.lit(None)).cast(dtype) for column, dtype in _TYPES.items()}
    )
