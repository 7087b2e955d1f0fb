"""The list as people open it."""

import csv
from io import BytesIO, StringIO
from typing import Any

import polars as pl
import pytest
from openpyxl import load_workbook

from data.moments import parse_moment
from serving.insights import export, headings

# openpyxl passes over what Excel 2010 added to data bars, and says so
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")

AS_OF = parse_moment("2026-02-02")


def listed(**changes: Any) -> pl.DataFrame:
    row = {
        "position": 1,
        "deal_id": "d1",
        "title": "五金 order",
        "account": "上海 Co",
        "stage": "商务谈判",
        "owner_id": "o1",
        "owner": "Li",
        "team": "East",
        "amount": 1000.5,
        "currency": "CNY",
        "value_at_stake": 120.0,
        "amount_at_close": 990.0,
        "score": 31,
        "grade": "C",
        "trend": -4,
        "period_end": parse_moment("2026-04-01"),
        "p_won_period": 0.25,
        "p_won_28": 0.125,
        "close_median": parse_moment("2026-03-05"),
        "close_from": parse_moment("2026-02-20"),
        "close_to": parse_moment("2026-03-30T23:00:00"),
        "last_touch_at": parse_moment("2026-01-30T08:15:00"),
        "last_touch_kind": "call",
        "reasons": [
            {"effect": 1.0, "zh": "好", "en": "good"},
            {"effect": -0.5, "zh": "坏", "en": "bad"},
            {"effect": 0.3, "zh": "妙", "en": "fine"},
        ],
    }
    return pl.DataFrame([row | changes])


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=HYPERLINK("http://x","y")']


def cells(content: bytes, sheet: int = 0) -> tuple[list[str], list[Any]]:
    head, row = list(load_workbook(BytesIO(content)).worksheets[sheet].iter_rows())[3:5]
    return [cell.value for cell in head], row


def test_a_csv_is_read_back_as_it_was() -> None:
    content = export.csv(listed(), "zh")
    assert content.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(StringIO(content.decode("utf-8-sig")))
    assert row["客户"] == "上海 Co"
    assert row["28天赢单概率"] == "0.125"
    assert row["预计成交"] == "2026-03-05"
    assert (row["评分"], row["等级"], row["较上周"]) == ("31", "C", "-4")
    assert row["期末"] == "2026-03-31"
    assert row["有利因素"] == "好 | 妙"
    assert row["不利因素"] == "坏"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_csv_begins_as_a_formula(text: str) -> None:
    content = export.csv(listed(title=text, account=text, last_touch_kind=text), "en")
    (row,) = csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""))
    assert row["Title"] == row["Account"] == row["Kind of touch"] == f"'{text}"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_workbook_is_a_formula(text: str) -> None:
    content = export.workbook(listed(title=text, owner=text), AS_OF, "en")
    for sheet in load_workbook(BytesIO(content)).worksheets:
        for row in sheet.iter_rows():
            formulas = [cell.value for cell in row if cell.data_type == "f"]
            assert all(one.startswith("=SUBTOTAL(109,") for one in formulas)
            assert all(cell.hyperlink is None for cell in row)
    head, row = cells(content)
    assert row[head.index("Title")].value == text.replace("\r", "_x000D_")


def test_a_workbook_has_an_overview_and_a_sheet_for_each_seller() -> None:
    names = ["Li", "li", "A" * 40, "A" * 41, "History", "x[1]:*?/\\", None]
    rows = [listed(deal_id=f"d{i}", owner=name) for i, name in enumerate(names)]
    book = load_workbook(
        BytesIO(export.workbook(pl.concat(rows, how="vertical_relaxed"), AS_OF, "en"))
    )
    assert len(book.sheetnames) == 8
    assert book.sheetnames[:3] == ["Overview", "Li", "li 2"]
    assert book.sheetnames[-1] == "Nobody"
    assert [sheet.max_row for sheet in book.worksheets] == [11] + [5] * 7


def test_a_workbook_has_a_frozen_header_filters_and_data_bars() -> None:
    content = export.workbook(listed(), AS_OF, "zh")
    (table,) = load_workbook(BytesIO(content)).worksheets[0].tables.values()
    sheet = load_workbook(BytesIO(content)).worksheets[0]
    assert sheet.freeze_panes == "A5"
    assert table.autoFilter is not None
    bars = [rule.type for rules in sheet.conditional_formatting for rule in rules.rules]
    assert bars == ["dataBar"] * 3
    head, row = cells(content)
    assert row[head.index("金额")].value == 1000.5
    assert row[head.index("期末赢单概率")].number_format == "0 %"


def test_sums_stand_above_hours_and_value_and_follow_the_filters() -> None:
    rows = [listed(deal_id=f"d{i}", value_at_stake=10.0 * i) for i in range(1, 4)]
    frame = pl.concat(rows).with_columns(hours=pl.Series([0.5, 2.5, 0.25]))
    content = export.workbook(frame, AS_OF, "en")
    formulas = load_workbook(BytesIO(content)).worksheets[0]
    values = load_workbook(BytesIO(content), data_only=True).worksheets[0]
    head = [cell.value for cell in formulas[4]]
    for name, total in (("Value at stake", 60.0), ("Hours", 3.25)):
        place = head.index(name) + 1
        letter = formulas.cell(4, place).column_letter
        assert formulas.cell(1, place).value == f"=SUBTOTAL(109,{letter}5:{letter}7)"
        assert values.cell(1, place).value == total


def test_hours_what_is_left_out_and_what_is_assumed_are_in_the_workbook() -> None:
    loads = pl.DataFrame(
        {"owner_id": ["o1"], "owner": ["Li"], "hours_available": [20.0], "hours_used": [3.0]}
    )
    others = pl.DataFrame(
        {
            "deal_id": ["d2"],
            "why": ["hours"],
            "figure": [2.0],
            "zh": ["工时不够"],
            "en": ["no hours"],
        }
    )
    book = load_workbook(
        BytesIO(export.workbook(listed(), AS_OF, "en", loads, others, "Assumed: work works."))
    )
    assert book.sheetnames == ["Overview", "Li", "Hours", "Not listed"]
    assert book["Overview"]["A2"].value == "Assumed: work works. Dates and times are in UTC."
    assert book["Li"]["A2"].value == book["Overview"]["A2"].value
    assert (book["Li"]["A3"].value, book["Li"]["C3"].value) == ("Hours available", 20)
    assert [cell.value for cell in book["Not listed"][2]] == ["d2", "no hours", 2]


def test_the_desks_words_are_told_in_the_language_asked_for() -> None:
    text = {"zh": "首次电话", "en": "first call"}
    desk = listed(
        group="must",
        action=text,
        decision="follow",
        warnings=[{"kind": "silence", "zh": "沉默", "en": "silence"}],
        overdue=True,
        state="intent",
    )
    (row,) = csv.DictReader(StringIO(export.csv(desk, "zh").decode("utf-8-sig")))
    told = [row[name] for name in ("分组", "下一步", "决策", "预警", "已逾期", "状态")]
    assert told == ["必须做", "首次电话", "优先跟进", "沉默", "是", "意向"]


def test_dates_and_times_are_of_the_readers_zone() -> None:
    late = listed(close_median=parse_moment("2026-03-05T20:00:00"))
    (row,) = csv.DictReader(StringIO(export.csv(late, "en", "Asia/Shanghai").decode("utf-8-sig")))
    assert (row["Last touch"], row["Expected close"]) == ("2026-01-30 16:15", "2026-03-06")
    assert row["Period's end"] == "2026-03-31"  # of UTC's calendar everywhere


def test_a_table_without_hours_and_values_has_no_sums_above_it() -> None:
    content = export.workbook(listed().drop("value_at_stake"), AS_OF, "en")
    sheet = load_workbook(BytesIO(content)).worksheets[0]
    assert (sheet["A1"].value, sheet.freeze_panes) == ("#", "A2")


def test_the_same_list_gives_the_same_bytes() -> None:
    assert export.workbook(listed(), AS_OF, "en") == export.workbook(listed(), AS_OF, "en")


def test_every_column_has_a_heading_in_both_languages() -> None:
    for column in (*listed().drop("reasons").columns, *headings.HEADINGS):
        assert headings.heading(column, "zh") != headings.heading(column, "en")


def test_a_horizon_of_one_day_is_named_in_the_singular() -> None:
    assert headings.heading("p_won_1", "en") == "P(won) in 1 day"
    assert headings.heading("p_won_28", "en") == "P(won) in 28 days"
    assert headings.heading("p_won_1", "zh") == "1天赢单概率"
