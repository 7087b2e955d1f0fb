"""Tables and sentences of the command line: no figure is cut or broken over lines."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from pipelines.tables import fold, show_table, tell

FIGURES = st.sampled_from(("1,234,567", "−0.5", "2026-03-02", "65%", "O0000431"))
WORDS = st.sampled_from(("，", "商机", "成交金额", "deals", " won ", "（", "）", "。"))


def printed(width: int, heads: list[str], rows: list[list[str]], right: range) -> list[str]:
    console = Console(width=width, file=StringIO(), record=True)
    show_table(console, heads, rows, right)
    return [line.rstrip() for line in console.export_text().splitlines()]


@given(st.lists(st.tuples(WORDS, FIGURES), max_size=12), st.integers(12, 40))
def test_a_text_folds_anywhere_but_in_a_figure(parts: list[tuple[str, str]], width: int) -> None:
    text = "以".join(f"{word}以{figure}" for word, figure in parts)
    folded = fold(text, width)
    assert "".join(folded.split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in folded.splitlines())
    for _, figure in parts:
        assert folded.count(figure) >= text.count(figure)


def test_no_line_begins_or_ends_with_a_mark_that_belongs_to_the_next_word() -> None:
    assert fold("预计成交100（最多）。", 8) == "预计成交\n100（最\n多）。"


def test_what_looks_like_markup_is_told_as_it_is() -> None:
    console = Console(width=40, file=StringIO(), record=True)
    tell(console, "[bold]A deal[/bold]")
    assert console.export_text() == "[bold]A deal[/bold]\n"


@pytest.mark.parametrize("stage", ["合同签订", "contract signing"])
def test_what_is_too_wide_goes_on_below_with_its_first_column(stage: str) -> None:
    heads = ["阶段", *(f"金额{n}" for n in range(9))]
    figures = [f"{n}1,234,567" for n in range(9)]
    lines = printed(60, heads, [[stage, *figures]], range(1, 10))
    assert max(map(cell_len, lines)) <= 60
    assert set(figures) <= set(" ".join(lines).split())
    assert sum(line.startswith("阶段") for line in lines) == 3
    (head, whole) = printed(10_000, heads, [[stage, *figures]], range(1, 10))
    assert whole.split()[-9:] == figures
    assert cell_len(head) == cell_len(whole)


def test_text_gives_way_before_columns_go_below() -> None:
    rows = [["D1", "a long text that may fold at any of its spaces", "1,234,567"]]
    lines = printed(30, ["Deal", "Why", "Amount"], rows, range(2, 3))
    assert lines[0].split() == ["Deal", "Why", "Amount"]
    assert lines[1].endswith("1,234,567")
    assert max(map(len, lines)) <= 30


def test_a_table_without_rows_is_its_heading() -> None:
    assert printed(80, ["When", "Who"], [], range(0)) == ["When  Who"]
