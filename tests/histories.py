"""Small random histories that satisfy the contract: ties, late recording, every table."""

from collections.abc import Iterable
from typing import Any, Final

import polars as pl
from hypothesis import strategies as st

from data.contract import TABLES, Attribute, Pipeline
from data.moments import DAY, HOUR, parse_moment
from features.context import Context

Frames = dict[str, pl.DataFrame]

START: Final = parse_moment("2025-03-03")
DAYS: Final = 30
PIPELINE: Final = Pipeline(
    name="tiny",
    stages=("a", "b", "c"),
    attributes={
        "colour": Attribute(type="text", policy="fixed"),
        "seats": Attribute(type="number", policy="fixed"),
        "grade": Attribute(type="text", policy="tracked"),
        "competitor": Attribute(type="text", policy="tracked"),
        "memo": Attribute(type="prose", policy="tracked"),
        "heat": Attribute(type="number", policy="tracked"),
    },
)
CONTEXT: Final = Context(
    stages=PIPELINE.stages,
    kinds=("call", "mail"),
    windows=(2, 7),
    texts=("colour",),
    numbers=("seats",),
    tracked_texts=("grade", "competitor"),
    tracked_numbers=("heat",),
    roles=("decision_maker", "user"),
    tracked_terms=(("memo", "预算", "备注", "memo"), ("memo", "demo", "备注", "memo")),
    calendar="china",
    strengths=(
        ("owner", 3.0),
        ("team", 5.0),
        ("account", 7.0),
        ("source", 50.0),
        ("product", 1000.0),
        ("rival", 2.0),
    ),
    gaps=(("", 3.0), ("a", 2.0), ("b", 0.5)),
)

# half days, so that facts and questions often meet, and a microsecond beside them
moments = st.builds(
    lambda step, tick: START + step * 12 * HOUR + tick,
    st.integers(0, 2 * DAYS),
    st.integers(0, 1),
)
_late = st.sampled_from([0, 0, 0, 1, DAY, 9 * DAY])
_early_or_late = st.sampled_from([-DAY, 0, 0, 1, 5 * DAY])  # a planned call is known beforehand
_deal = st.integers(0, 3).map("d{}".format)

_numbers = st.sampled_from(["1", "2", "3.5"])
_stated = st.sampled_from([str(START + day * DAY) for day in (10, 20, 40)])
_change = st.one_of(
    st.tuples(st.just("stage"), st.sampled_from("abcx")),
    st.tuples(st.just("amount"), st.none() | _numbers),
    st.tuples(st.just("expected_close_at"), st.none() | _stated),
    st.tuples(st.just("owner_id"), st.sampled_from("op")),
    st.tuples(st.just("competitor"), st.none() | st.sampled_from(["acme", "zenith"])),
    st.tuples(st.just("grade"), st.none() | st.sampled_from("uvw")),
    st.tuples(st.just("memo"), st.none() | st.sampled_from(["预算已批", "Demo 演示", "暂无预算"])),
    st.tuples(st.just("heat"), _numbers),
)
_changes = st.tuples(_deal, moments, _late, _change)
_activities = st.tuples(
    _deal,
    moments,
    _early_or_late,
    st.sampled_from(["call", "mail", "fax"]),
    st.sampled_from(["in", "out", None]),
    st.sampled_from(["planned", "done"]),
    st.sampled_from(["o", "p", None]),
)
_items = st.tuples(_deal, moments, _late, st.sampled_from("CFW"))
_contacts = st.tuples(_deal, moments, _late, st.sampled_from(["user", "decision_maker", None]))
_lives = st.tuples(
    moments,
    _late,
    st.none() | st.tuples(st.integers(1, 20), _late, st.sampled_from(["won", "lost"])),
    st.sampled_from(["k0", "k1", None]),
    st.sampled_from(["referral", None]),
)


@st.composite
def histories(draw: st.DrawFn) -> Frames:
    """Draw the contract's tables of four deals and two accounts."""
    return {
        "deals": frame_of("deals", _deals(draw(st.lists(_lives, min_size=4, max_size=4)))),
        "changes": frame_of(
            "changes",
            (
                _fact(seq, deal, at, late)
                | {"field": field, "value": value, "number": _number(field, value)}
                for seq, (deal, at, late, (field, value)) in enumerate(_some(draw, _changes, 25))
            ),
        ),
        "activities": frame_of(
            "activities",
            (
                _fact(seq, deal, at, late)
                | {"activity_id": f"v{seq}", "kind": kind, "direction": way, "status": status}
                | {"owner_id": owner}
                for seq, (deal, at, late, kind, way, status, owner) in enumerate(
                    _some(draw, _activities, 25)
                )
            ),
        ),
        "checklist": frame_of(
            "checklist",
            (
                _fact(seq, deal, at, late) | {"item": "i", "status": status}
                for seq, (deal, at, late, status) in enumerate(_some(draw, _items, 8))
            ),
        ),
        "contacts": frame_of(
            "contacts",
            (
                _fact(seq, deal, at, late) | {"contact_id": f"c{seq}", "role": role}
                for seq, (deal, at, late, role) in enumerate(_some(draw, _contacts, 8))
            ),
        ),
        "owners": frame_of(
            "owners",
            ({"owner_id": owner, "team": team} for owner, team in (("o", "north"), ("p", None))),
        ),
        "accounts": frame_of(
            "accounts",
            (
                {"account_id": f"k{n}", "recorded_at": draw(moments), "industry": "toys"}
                for n in range(2)
            ),
        ),
    }


def _some(draw: st.DrawFn, fact: st.SearchStrategy[Any], most: int) -> list[Any]:
    return draw(st.lists(fact, max_size=most))


def _fact(seq: int, deal: str, at: int, late: int) -> dict[str, Any]:
    return {"deal_id": deal, "at": at, "seq": seq, "recorded_at": at + late}


def _number(field: str, value: str | None) -> float | None:
    numeric = field in ("amount", "heat", "expected_close_at") and value is not None
    return float(value) if numeric and value else None


def _deals(lives: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for number, (created, late, closing, account, source) in enumerate(lives):
        days, closing_late, outcome = closing or (None, None, "open")
        closed = None if days is None else created + days * DAY
        yield {
            "deal_id": f"d{number}",
            "created_at": created,
            "recorded_at": created + late,
            "closed_at": closed,
            "closed_recorded_at": None if closed is None else closed + closing_late,
            "outcome": outcome,
            "account_id": account,
            "source": source,
            "attributes": f'{{"colour": "red", "seats": {number}}}',
        }


def frame_of(name: str, rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Return a table of the contract of rows that may leave columns out."""
    schema = TABLES[name].schema
    told = [({"pipeline": PIPELINE.name} if "pipeline" in schema else {}) | row for row in rows]
    keyed = [{column: row.get(column) for column in schema} for row in told]
    return pl.DataFrame(keyed, schema=schema)
