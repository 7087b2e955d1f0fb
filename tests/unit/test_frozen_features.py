"""One small history whose features were worked out by hand, and stay what they are."""

from typing import Any, Final

import polars as pl
import pytest

from data.contract import TABLES
from data.moments import DAY
from data.tables import Engine, lazy_tables
from features.compute import compute
from tests.histories import CONTEXT, PIPELINE, START

Row = dict[str, Any]

LATE: Final = {"stage b": 2, "mail": 2, "planned": -2, "closing": 1}
"""Days between what happens and when it is entered; a planned call is entered before."""

BY_HAND: Final[dict[str, tuple[float | str | None, float | str | None]]] = {
    # after five days | after ten
    "age": (5, 10),
    "stage": ("a", "b"),  # b since day 4, entered on day 6
    "in_stage": (5, 6),
    "stage_moves": (1, 2),
    "stage_moves_in:2": (0, 0),
    "stage_moves_in:7": (1, 1),  # entered since day -2: a; since day 3: b
    "visits:b": (0, 1),
    "since_stage:a": (5, 10),
    "since_stage:b": (None, 6),
    "amount": (150, 120),
    "amount_rises": (1, 1),
    "amount_falls": (0, 1),
    "to_stated_close": (15, 20),
    "close_pushes": (0, 1),
    "close_pushes_in:2": (0, 0),
    "close_pushes_in:7": (0, 1),
    "owner_changes": (1, 2),
    "silence": (2, 7),  # the mail of day 3, though a call is planned for day 10
    "silence_working": (2, 5),  # Thursday and Friday | and Monday to Wednesday
    "silence_usual": (1, 14),  # 2 days by 2 at a | 7 days by half a day at b
    "no_reply": (2, 7),
    "first_touch": (1, 1),
    "last_kind": ("mail", "call"),
    "last_status": ("done", "planned"),
    "done": (2, 2),
    "done_in:2": (1, 0),  # the mail was entered on day 5
    "done_in:7": (2, 1),
    "heard": (1, 1),
    "since:call": (4, 0),
    "planned:call": (0, 1),
    "owner_open": (1, 1),  # o has d0 | p has d0, d1 being closed
    "owner_closings": (0, 1),
    "account_open": (2, 1),
    "account_closings": (0, 1),
    "account_won": (0, 1),
    "since_account_won": (None, 4),
}


def history() -> dict[str, pl.DataFrame]:
    """Return a deal of ten days, and another of its account and second owner, won on day 6."""
    d0: list[tuple[float, str, str, int]] = [
        (0, "stage", "a", 0),
        (4, "stage", "b", LATE["stage b"]),
        (0, "amount", "100", 0),
        (5, "amount", "150", 0),
        (8, "amount", "120", 0),
        (0, "expected_close_at", str(START + 20 * DAY), 0),
        (7, "expected_close_at", str(START + 30 * DAY), 0),
        (0, "owner_id", "o", 0),
        (9, "owner_id", "p", 0),
    ]
    changes = [("d0", *one) for one in d0] + [("d1", 0, "owner_id", "p", 0)]
    acts = [
        (1, "call", "out", "done", 0),
        (3, "mail", "in", "done", LATE["mail"]),
        (10, "call", "out", "planned", LATE["planned"]),
    ]
    won = {"outcome": "won", "closed_at": START + 6 * DAY}
    won |= {"closed_recorded_at": START + (6 + LATE["closing"]) * DAY}
    born = {"created_at": START, "recorded_at": START, "account_id": "k"}
    deals = [{"deal_id": "d0", "outcome": "open", **born}, {"deal_id": "d1", **won, **born}]
    return {
        "deals": rows("deals", deals),
        "changes": rows(
            "changes",
            [
                {"deal_id": deal, "field": field, "value": value, **at(day, late), **number(value)}
                for deal, day, field, value, late in changes
            ],
        ),
        "activities": rows(
            "activities",
            [
                {"deal_id": "d0", "kind": kind, "direction": way, "status": status, **at(day, late)}
                for day, kind, way, status, late in acts
            ],
        ),
    }


def at(day: float, late: int = 0) -> Row:
    return {"at": START + int(day * DAY), "recorded_at": START + int((day + late) * DAY)}


def number(value: str) -> Row:
    return {"number": float(value)} if value.isdigit() else {}


def rows(table: str, told: list[Row]) -> pl.DataFrame:
    schema = TABLES[table].schema
    numbered = [{"seq": place, **one} for place, one in enumerate(told)]
    whole = [{n: one.get(n) for n in schema.names()} for one in numbered]
    return pl.DataFrame(whole, schema)


def test_features_are_what_was_worked_out_by_hand(engine: Engine) -> None:
    tables = lazy_tables(history(), PIPELINE, engine)
    moments = [START + 5 * DAY, START + 10 * DAY]
    asked = tables.put(pl.DataFrame({"deal_id": ["d0", "d0"], "as_of": moments}))
    found = compute(tables, asked, CONTEXT)
    for name, (first, second) in BY_HAND.items():
        for said, expected in zip(found[name], (first, second), strict=True):
            if isinstance(expected, str) or expected is None:
                assert said == expected, name
            else:
                assert said == pytest.approx(expected, abs=1e-9), name
