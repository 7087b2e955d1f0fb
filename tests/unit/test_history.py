"""What a deal's history answers: as known, not as happened; as happened, not as entered."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from data.contract import BUYER_ROLES, TABLES
from data.errors import BadInput
from data.moments import DAY
from data.tables import Engine, lazy_tables
from features.beside import KEY
from features.compute import catalogue, compute
from features.history import activity, contact, item
from features.snapshots import open_snapshots
from tests.histories import CONTEXT, PIPELINE, START

NOW = START + 10 * DAY


def features(engine: Engine, **facts: list[dict[str, Any]]) -> dict[str, Any]:
    """Compute the features, at NOW, of one deal that came into being at START."""
    deal = {"deal_id": "d", "created_at": START, "recorded_at": START, "outcome": "open"}
    frames = {
        name: pl.DataFrame([{"deal_id": "d", **row} for row in rows], schema=TABLES[name].schema)
        for name, rows in {"deals": [deal], **facts}.items()
    }
    tables = lazy_tables(frames, PIPELINE, engine)
    return compute(tables, open_snapshots(tables, NOW), CONTEXT).row(0, named=True)


def change(field: str, day: int, value: str | None, known: int | None = None) -> dict[str, Any]:
    at, recorded_at = START + day * DAY, START + (day if known is None else known) * DAY
    number = None if value is None or not value.isdecimal() else float(value)
    said = {"field": field, "value": value, "number": number}
    return {"at": at, "recorded_at": recorded_at, "seq": 0, **said}


def test_what_was_entered_late_was_not_known_before(engine: Engine) -> None:
    entered_late = change("stage", 5, "b", known=11)  # it happened before NOW
    as_known = features(engine, changes=[change("stage", 1, "a"), entered_late])
    as_happened = features(engine, changes=[change("stage", 1, "a"), change("stage", 5, "b")])
    assert (as_known["stage"], as_known["in_stage"], as_known["stage_moves"]) == ("a", 9, 1)
    assert (as_happened["stage"], as_happened["in_stage"]) == ("b", 5)


def test_what_happened_later_holds_over_what_was_entered_later(engine: Engine) -> None:
    entered_last = change("amount", 2, "100", known=9)
    row = features(engine, changes=[change("amount", 6, "300"), entered_last])
    assert row["amount"] == 300


def test_what_was_entered_late_counts_as_learned_then(engine: Engine) -> None:
    row = features(engine, changes=[change("stage", 1, "a", known=9)])
    assert row["stage_moves_in:2"] == 1  # learned within two days
    assert row["in_stage"] == 9  # but true for nine


def test_a_value_that_was_cleared_holds_no_more(engine: Engine) -> None:
    cleared = [change("amount", 4, None), change("grade", 4, None)]
    row = features(engine, changes=[change("amount", 1, "100"), change("grade", 1, "u"), *cleared])
    assert row["amount"] is None
    assert row["grade"] is None


def test_neither_clearing_nor_filling_again_is_a_move(engine: Engine) -> None:
    path = [change("amount", day, value) for day, value in ((1, "100"), (2, None), (3, "200"))]
    row = features(engine, changes=path)
    assert (row["amount_rises"], row["amount_falls"]) == (0, 0)


def test_a_window_begins_after_its_first_moment(engine: Engine) -> None:
    row = features(engine, changes=[change("stage", 3, "a"), change("stage", 10, "b")])
    assert row["stage_moves_in:7"] == 1  # day 10, the question's own moment, but not day 3
    assert row["stage_moves"] == 2


def test_a_deal_of_which_nothing_is_known_has_a_row(engine: Engine) -> None:
    row = features(engine)
    assert row["age"] == 10
    assert (row["stage"], row["silence"], row["done"]) == (None, None, 0)


def test_every_feature_is_named_once_and_told_in_both_languages() -> None:
    entries = catalogue(CONTEXT)
    assert len({entry.name for entry in entries}) == len(entries)
    assert not {entry.name for entry in entries} & set(KEY)
    for entry in entries:
        assert entry.zh.strip(), entry
        assert entry.en.strip(), entry
        assert "{" not in entry.name + entry.zh + entry.en, entry
        assert entry.unit in ("days", "count", "money", "ratio", ""), entry


def test_a_repeated_feature_speaks_of_each_word() -> None:
    names = {entry.name for entry in catalogue(CONTEXT)}
    assert {"visits:a", "visits:b", "visits:c", "done_in:2", "done_in:7", "since:call"} <= names
    assert {f"covered:{role}" for role in CONTEXT.roles} <= names
    assert set(CONTEXT.roles) < set(BUYER_ROLES)


@pytest.mark.parametrize(
    ("select", "remedy"),
    [
        (lambda: activity(direction="inbound"), "see the tables"),
        (lambda: activity(status="don"), "did you mean done?"),
        (lambda: item("X"), "see the tables"),
        (lambda: contact(BUYER_ROLES[0][:-1]), "did you mean"),
    ],
)
def test_a_word_that_no_fact_has_is_refused(select: Callable[[], Any], remedy: str) -> None:
    with pytest.raises(BadInput) as refused:
        select()
    assert (refused.value.remedy or "").startswith(remedy)
