import json
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import parsing
from data.contract import TABLES, Attribute, Pipeline
from data.errors import BadInput
from data.moments import DAY, iso, parse_moment
from data.records import normalise

PIPELINE = Pipeline(
    name="opps",
    attributes={
        "region": Attribute(policy="fixed"),
        "score": Attribute(type="number", policy="tracked"),
        "margin": Attribute(type="number"),
    },
)
AT = parse_moment("2024-03-05T10:00:00Z")


def deals(**columns: object) -> pl.DataFrame:
    return pl.DataFrame([{"deal_id": "D1", "created_at": "2024-03-05T10:00:00Z", **columns}])


def test_what_is_left_out_is_filled() -> None:
    raw = {
        "deals": deals(outcome="won", closed_at="2024-04-01"),
        "changes": pl.DataFrame(
            {"deal_id": "D1", "field": "stage", "at": [AT, AT, AT + 1], "value": ["a", "b", "c"]}
        ),
        "activities": pl.DataFrame({"deal_id": ["D1"], "kind": ["call"], "at": [AT]}),
        "accounts": pl.DataFrame({"account_id": ["A"], "标签": ["vip"]}),
    }
    result = normalise(raw, PIPELINE)
    assert result.rejects.is_empty()
    for name, frame in result.frames.items():
        assert frame.schema == TABLES[name].schema
    deal = result.frames["deals"].row(0, named=True)
    assert (deal["pipeline"], deal["recorded_at"]) == ("opps", AT)
    assert deal["closed_recorded_at"] == deal["closed_at"] == parse_moment("2024-04-01")
    assert result.frames["changes"]["seq"].to_list() == [0, 1, 0]
    activity = result.frames["activities"].row(0, named=True)
    assert (activity["status"], activity["seq"], activity["recorded_at"]) == ("done", 0, AT)
    assert json.loads(result.frames["accounts"]["attributes"][0]) == {"标签": "vip"}


def test_tracked_fields_become_changes_at_creation_and_nothing_else_does() -> None:
    raw = deals(
        stage="new",
        amount="5000",
        owner_id="S1",
        expected_close_at=date(2024, 5, 1),
        region="north",
        score=0.5,
        margin="3",
    )
    result = normalise({"deals": raw}, PIPELINE)
    changes = {row["field"]: row for row in result.frames["changes"].iter_rows(named=True)}
    assert {field: (row["value"], row["number"]) for field, row in changes.items()} == {
        "stage": ("new", None),
        "amount": ("5000.0", 5000.0),
        "owner_id": ("S1", None),
        "expected_close_at": ("2024-05-01T00:00:00Z", float(parse_moment("2024-05-01"))),
        "score": ("0.5", 0.5),
    }
    assert {(row["at"], row["recorded_at"], row["seq"]) for row in changes.values()} == {
        (AT, AT, 0)
    }
    assert json.loads(result.frames["deals"]["attributes"][0]) == {"region": "north", "margin": 3.0}


def test_a_last_value_is_known_only_from_when_it_was_seen() -> None:
    result = normalise({"deals": deals(stage="late", observed_at="2024-06-01")}, PIPELINE)
    row = result.frames["changes"].row(0, named=True)
    assert row["at"] == row["recorded_at"] == parse_moment("2024-06-01")


def test_a_change_of_the_source_goes_before_the_deals_own_row() -> None:
    change = {"deal_id": ["D1"], "field": ["stage"], "at": [AT], "value": ["told"]}
    raw = {"deals": deals(stage="other"), "changes": pl.DataFrame(change)}
    assert normalise(raw, PIPELINE).frames["changes"]["value"].to_list() == ["told"]


@pytest.mark.parametrize(
    ("columns", "field", "reason"),
    [
        ({"deal_id": " "}, "deal_id", "missing"),
        ({"created_at": None}, "created_at", "missing"),
        ({"created_at": "05/03/2024"}, "created_at", "not a moment"),
        ({"created_at": 1.5}, "created_at", "not a moment"),
        ({"amount": "many"}, "amount", "not a number"),
        ({"amount": float("inf")}, "amount", "not a number"),
        ({"outcome": "lost to X"}, "outcome", "allowed: open, won, lost"),
        ({"outcome": "won"}, "closed_at", "give closed_at"),
        ({"closed_at": "2024-05-01"}, "closed_at", "neither won nor lost"),
        ({"outcome": "won", "closed_at": "2024-03-01"}, "closed_at", "before it was created"),
        ({"pipeline": "leads"}, "pipeline", "another pipeline than opps"),
        ({"attributes": "[1]"}, "attributes", "not a JSON object"),
    ],
)
def test_a_wrong_deal_is_refused_with_its_reason(
    columns: dict[str, object], field: str, reason: str
) -> None:
    raw = deals(**columns)
    result = normalise({"deals": raw}, PIPELINE)
    assert result.frames["deals"].is_empty()
    assert result.frames["changes"].is_empty()
    (reject,) = result.rejects.iter_rows(named=True)
    assert (reject["table"], reject["row"], reject["field"]) == ("deals", 1, field)
    assert reason in reject["reason"]
    assert set(json.loads(reject["raw"])) == set(raw.columns)


def test_rows_of_unknown_deals_are_refused_unless_the_database_has_them() -> None:
    raw = {"activities": pl.DataFrame({"deal_id": ["D7"], "kind": ["call"], "at": [AT]})}
    assert normalise(raw, PIPELINE).rejects["field"].to_list() == ["deal_id"]
    known = normalise(raw, PIPELINE, pl.Series(["D7"]))
    assert known.frames["activities"].height == 1


def test_unknown_columns_are_named_with_the_one_meant() -> None:
    with pytest.raises(BadInput, match=r"acount_id.*did you mean account_id"):
        normalise({"deals": deals(acount_id="A")}, PIPELINE)
    with pytest.raises(BadInput, match="no such table"):
        normalise({"deal": deals()}, PIPELINE)


@pytest.mark.parametrize(
    ("closed", "counts"),
    [
        ("2024-03-05", True),
        (date(2024, 3, 5), True),
        ("2024-03-05 0:00:00", True),
        ("2024-03-05T00:00:00.000000+08:00", True),  # its day ends at 16:00 of UTC
        ("2024-03-05T09:59:00Z", False),
        ("2024-03-05T00:01", False),
        ("2024-03-04", False),
    ],
)
def test_a_closing_of_which_only_the_day_is_known_may_be_the_day_of_creation(
    closed: object, counts: bool
) -> None:
    result = normalise({"deals": deals(outcome="won", closed_at=closed)}, PIPELINE)
    assert result.frames["deals"].height == counts
    closings = result.frames["deals"].select("closed_at", "closed_recorded_at").rows()
    assert closings == [(AT, AT)] * counts


IDS = st.sampled_from(["D1", "D2", "D3", "", None])
OUTCOMES = st.sampled_from(["open", "won", "lost", "maybe", None])
DATES = st.sampled_from(["2024-03-05", "2024-02-30", "2024-04-01T00:00:00+08:00", None])
RECORDS = st.lists(st.tuples(IDS, DATES, DATES, OUTCOMES), max_size=8)


@given(RECORDS)
def test_every_row_is_kept_repeated_or_refused(rows: list[tuple[str | None, ...]]) -> None:
    schema = {name: pl.String() for name in ("deal_id", "created_at", "closed_at", "outcome")}
    raw = pl.DataFrame(rows, schema=schema, orient="row")
    result = normalise({"deals": raw}, PIPELINE)
    kept = result.frames["deals"]
    assert kept.height + result.repeated["deals"] + result.rejects.height == len(rows)
    assert kept["deal_id"].is_unique().all()
    # what was made of them is right already: it passes unchanged
    again = normalise({"deals": kept}, PIPELINE)
    assert again.frames["deals"].equals(kept)
    assert again.rejects.is_empty()


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))
def test_moments_read_what_iso_writes(moment: datetime) -> None:
    micros = parsing.moments(pl.Series([moment.replace(tzinfo=UTC)]))[0]
    text = [iso(micros), moment.isoformat(), moment.isoformat(" ") + "+00:00"]
    assert parsing.moments(pl.Series(text)).to_list() == [micros] * 3


@pytest.mark.parametrize(
    ("text", "options", "meant"),
    [
        ("2024年3月5日", {}, "2024-03-05"),
        ("2024/3/5 9:05", {}, "2024-03-05T09:05"),
        ("2024.03.05", {}, "2024-03-05"),
        ("2024-03-05 09:05:07.25 +0800", {}, "2024-03-05T01:05:07.250"),
        ("05/03/2024", {"formats": ["%d/%m/%Y"]}, "2024-03-05"),
        ("5.3.24", {"formats": ["%Y", "%d.%m.%y"]}, "2024-03-05"),
        ("2024-03-05", {"timezone": "Asia/Shanghai"}, "2024-03-04T16:00"),
        ("2024-07-01T00:00:00Z", {"timezone": "Asia/Shanghai"}, "2024-07-01"),
        ("2024-02-30", {}, None),
        ("05/03/2024", {}, None),
        ("yesterday", {}, None),
    ],
)
def test_dates_as_people_write_them(text: str, options: dict, meant: str | None) -> None:
    expected = None if meant is None else parse_moment(meant)
    assert parsing.moments(pl.Series([text]), **options).to_list() == [expected]


@pytest.mark.parametrize(
    ("text", "options", "meant"),
    [
        ("1,234.5", {"thousands": ","}, 1234.5),
        ("1.234,5", {"thousands": ".", "decimal": ","}, 1234.5),
        ("¥ 80", {}, 80.0),
        ("12.5", {"scale": 10_000}, 125_000.0),
        ("39.59", {"scale": 10_000}, 395_900.0),
        ("1,234", {}, None),
        ("nan", {}, None),
    ],
)
def test_numbers_as_people_write_them(text: str, options: dict, meant: float | None) -> None:
    assert parsing.numbers(pl.Series([text]), **options).to_list() == [meant]


def test_dates_and_date_times_are_moments_too() -> None:
    midnight = parse_moment("2024-03-05")
    assert parsing.moments(pl.Series([date(2024, 3, 5)])).to_list() == [midnight]
    assert parsing.moments(pl.Series([datetime(2024, 3, 6)])).to_list() == [midnight + DAY]
    assert parsing.moments(pl.Series([midnight])).to_list() == [midnight]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-02:00"])
def test_a_moment_that_no_calendar_has_in_utc_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="not a moment"):
        parse_moment(text)
