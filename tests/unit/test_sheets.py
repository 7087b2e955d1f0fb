"""The desk's tables as files: words for people, and nothing that runs."""

from io import BytesIO

import polars as pl
import pytest
from openpyxl import load_workbook

from data.moments import parse_moment
from serving.desk.sheets import Sheet, csv, workbook

ROWS = pl.DataFrame(
    {
        "title": ["=1+1", "+cmd", "计划"],
        "outcome": ["won", "lost", "open"],
        "closed_at": [0, 86_400_000_000, None],
        "value": [1.23456, 2.0, None],
        "rate": [0.5, 1.25, None],
        "met": [True, False, None],
    }
)
SHEET = Sheet(("商机", "Deals"), ROWS)


def test_csv_is_for_chinese_excel_and_runs_no_formula() -> None:
    told = csv(SHEET, "zh").decode("utf-8-sig").splitlines()
    assert csv(SHEET, "zh").startswith(b"\xef\xbb\xbf")
    assert told[0] == "商机,结果,结束,金额,达成率,达标"
    assert told[1] == "'=1+1,赢单,1970-01-01 00:00,1.2346,0.5,是"
    assert told[2].startswith("'+cmd,输单,1970-01-02 00:00,2.0,1.25,否")


def test_moments_are_of_the_readers_zone_and_ends_of_periods_are_their_last_day() -> None:
    rows = pl.DataFrame({"by": [parse_moment("2026-04-01")], "closed_at": [0], "won": [5.0]})
    told = csv(Sheet(("预测", "Forecast"), rows, "CNY"), "en", "Asia/Shanghai")
    head, row = told.decode("utf-8-sig").splitlines()
    assert (head, row) == ("By,Closed,Won,Currency", "2026-03-31,1970-01-01 08:00,5.0,CNY")


@pytest.mark.parametrize(
    ("language", "name", "head"), [("zh", "商机", "商机"), ("en", "Deals", "Title")]
)
def test_a_workbook_holds_values_and_no_formula(language: str, name: str, head: str) -> None:
    content = workbook([SHEET, Sheet(("原因", "Reasons"), ROWS)], 0, language)  # type: ignore[arg-type]
    book = load_workbook(BytesIO(content))
    assert len(book.sheetnames) == 2
    sheet = book[name]
    assert sheet.freeze_panes == "A2"
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[0][0] == head
    assert cells[1][0] == "=1+1"
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert cells[1][3] == pytest.approx(1.23456)
    assert content == workbook([SHEET, Sheet(("原因", "Reasons"), ROWS)], 0, language)  # type: ignore[arg-type]
