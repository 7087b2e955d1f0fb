"""What msgspec reads is what pydantic would have read; what it does not read, pydantic does."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from serving.api import plain
from serving.api.forms import ScoreRequest

RECORD: dict[str, Any] = {
    "deal": {
        "deal_id": "d",
        "created_at": "2026-01-05T09:00:00.123456+08:00",
        "title": "名",
        "amount": 5,
        "observed_at": None,
        "attributes": {"size": 3, "word": "x", "none": None},
    },
    "changes": [
        {"field": "stage", "at": "2026-01-05T01:00:00Z", "value": "qualify"},
        {"field": "amount", "at": "2026-02-01T00:00:00Z", "seq": 2, "number": 1.5},
    ],
    "activities": [{"kind": "call", "at": "2026-01-06T00:00:00-05:30", "status": "done"}],
    "account": {"industry": "steel", "employees": 12},
    "owner": {"owner_id": "o", "hired_at": "2020-02-29T00:00:00Z"},
}
ASKED = {"as_of": "2026-03-01", "days_ahead": [1, 7], "won_by": ["2026-04-01"], "reasons": True}


def body(record: Any = RECORD, **asked: Any) -> bytes:
    return json.dumps({"pipeline": "sales", "records": [record], **asked}).encode()


def test_what_is_plain_is_read_without_pydantic(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [ScoreRequest.model_validate_json(body(**asked)) for asked in ({}, ASKED)]
    (record,) = wanted[0].records
    monkeypatch.setattr(ScoreRequest, "model_validate_json", None)
    monkeypatch.setattr(plain, "_by_pydantic", None)
    assert [plain.request_of(body(**asked)) for asked in ({}, ASKED)] == wanted
    assert plain.record_of(json.dumps(RECORD).encode()) == record


def _with(place: str, **said: Any) -> dict[str, Any]:
    rows = RECORD[place]
    changed = [rows[0] | said] if isinstance(rows, list) else rows | said
    return RECORD | {place: changed}


@pytest.mark.parametrize(
    "other",
    [
        _with("changes", at="2026-01-05"),
        _with("changes", at="2026-01-05T01:00:00"),
        _with("changes", at="20260105T010000Z"),
    ],
)
def test_moments_of_other_forms_are_read_as_well(other: dict[str, Any]) -> None:
    assert plain.request_of(body(other)) == ScoreRequest.model_validate_json(body(other))


def test_text_that_looks_like_a_null_character_is_text() -> None:
    (record,) = plain.request_of(body(_with("changes", value=r"a\u0000b"))).records
    assert record.changes[0].value == r"a\u0000b"


@pytest.mark.parametrize(
    "wrong",
    [
        body(_with("changes", at="1850-01-01T00:00:00Z")),
        body(_with("activities", recorded_at="2200-01-01T00:00:00Z")),
        body(_with("owner", hired_at="1899-12-31T23:59:59Z")),
        body(_with("changes", at="2026-02-30T00:00:00Z")),
        body(_with("changes", at=0)),
        body(_with("changes", value=3)),
        body(_with("changes", value="x" * 2_001)),
        body(_with("changes", seq=1.0)),
        body(_with("changes", seq=2**53 + 1)),
        body(_with("changes", number=1e16)),
        body(_with("changes", other=1)),
        body(_with("changes", value="a\0b")),
        body(_with("deal", attributes={"a\0b": 1})),
        body(RECORD).replace(b"qualify", b"qual\0ify"),
        body(_with("activities", status="maybe")),
        body(_with("deal", deal_id="")),
        body(_with("deal", created_at=None)),
        body(_with("deal", attributes={"a": [1]})),
        body(_with("account", employees=True)),
        body(RECORD | {"changes": None}),
        body(RECORD | {"changes": RECORD["changes"] * 5_001}),
        body("no record"),
        body(as_of="yesterday"),
        body(days_ahead=[0]),
        body(won_by=["2026-02-30"]),
        body(reasons="yes"),
        body(other=1),
        body(pipeline="a b"),
        b'{"pipeline": "sales", "records": []}',
        b'{"pipeline": "sales"}',
        b'{"records": [NaN]}',
        b"\xff",
        b"",
    ],
)
def test_what_is_wrong_is_told_by_pydantic(wrong: bytes) -> None:
    with pytest.raises(ValidationError) as told:
        plain.request_of(wrong)
    with pytest.raises(ValidationError) as wanted:
        ScoreRequest.model_validate_json(wrong)
    assert str(told.value) == str(wanted.value)
