"""The list as people open it: CSV and a workbook, with headings in Chinese or English.

What a customer's name or title begins with must never run as a formula on a seller's machine.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Final, Literal

import polars as pl
from xlsxwriter import Workbook

from data.moments import days_in_words, to_datetime

Language = Literal["zh", "en"]

HEADINGS: Final[dict[str, tuple[str, str]]] = {
    "position": ("序号", "#"),
    "deal_id": ("商机编号", "Deal"),
    "title": ("商机", "Title"),
    "account": ("客户", "Account"),
    "stage": ("阶段", "Stage"),
    "owner_id": ("负责人编号", "Owner id"),
    "owner": ("负责人", "Owner"),
    "team": ("团队", "Team"),
    "amount": ("金额", "Amount"),
    "currency": ("币种", "Currency"),
    "value_at_stake": ("可争取价值", "Value at stake"),
    "amount_at_close": ("预计成交金额", "Amount at close"),
    "score": ("评分", "Score"),
    "grade": ("等级", "Grade"),
    "trend": ("较上周", "Against last week"),
    "period_end": ("期末", "Period's end"),
    "p_won_period": ("期末赢单概率", "P(won) by period's end"),
    "close_median": ("预计成交", "Expected close"),
    "close_from": ("最早（10%）", "From (10 %)"),
    "close_to": ("最晚（90%）", "To (90 %)"),
    "last_touch_at": ("最近跟进", "Last touch"),
    "last_touch_kind": ("跟进方式", "Kind of touch"),
    "speaks_for": ("有利因素", "Speaks for it"),
    "speaks_against": ("不利因素", "Speaks against it"),
    "served_by": ("评分依据", "Scored by"),
}
_BY_HORIZON: Final = ("{}天赢单概率", "P(won) in {}")
_IN_THE_END: Final = ("最终赢单概率（时间未知）", "P(won) in the end (timing unknown)")
_DATES: Final = ("close_median", "close_from", "close_to")
_OVERVIEW: Final = ("总览", "Overview")
_NOBODY: Final = ("未分配", "Nobody")

_FORMULA: Final = r"^([=+\-@\t\r＝＋－＠])"
"""How a cell begins that a spreadsheet may run; the full-width signs count in Chinese ones."""
_BARS: Final = {"type": "data_bar", "bar_solid": True, "bar_color": "#9DC3E6"}


def csv(listed: pl.DataFrame, language: Language) -> bytes:
    """Return a list as CSV: UTF-8 with a byte-order mark, so that Chinese Excel reads it.

    Text that a spreadsheet might run as a formula gets an apostrophe in front.
    """
    shown = _shown(listed, language).with_columns(
        pl.col(pl.String).str.replace(_FORMULA, "'${1}"), pl.col(pl.Float64).round(4)
    )
    return shown.write_csv(include_bom=True, datetime_format="%Y-%m-%d %H:%M").encode()


def workbook(listed: pl.DataFrame, as_of: int, language: Language) -> bytes:
    """Return a list as an XLSX workbook: an overview, then a sheet for each seller.

    The header is frozen, columns have filters, and value and probability have data bars.
    """
    file = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, options) as book:
        # the list's own moment, so that the same list gives the same bytes
        book.set_properties({"created": to_datetime(as_of).replace(tzinfo=None)})
        for name, deals in _sheets(listed, language):
            _write(book, name, _shown(deals, language), language)
    return file.getvalue()


def _shown(listed: pl.DataFrame, language: Language) -> pl.DataFrame:
    """Name the columns for people and tell the reasons in their language."""
    effect = pl.element().struct.field("effect")
    sides = {"speaks_for": effect > 0, "speaks_against": effect < 0}
    told = {name: pl.element().filter(side).struct.field(language) for name, side in sides.items()}
    shown = listed.with_columns(
        pl.from_epoch("last_touch_at", time_unit="us"),
        pl.from_epoch(pl.col(_DATES), time_unit="us").dt.date(),
        (pl.from_epoch("period_end", time_unit="us") - pl.duration(microseconds=1)).dt.date(),
        **{name: pl.col("reasons").list.eval(side).list.join(" | ") for name, side in told.items()},
    ).drop("reasons")
    named = {name: heading(name, language) for name in shown.columns}
    if listed["period_end"].is_null().all():
        named["p_won_period"] = _IN_THE_END[0 if language == "zh" else 1]
    return shown.rename(named)


def heading(column: str, language: Language) -> str:
    """Return what a column of the list is called."""
    which = 0 if language == "zh" else 1
    horizon = re.fullmatch(r"p_won_(\d+)", column)
    if horizon is None:
        return HEADINGS[column][which]
    return _BY_HORIZON[which].format((horizon[1], days_in_words(int(horizon[1])))[which])


def _sheets(listed: pl.DataFrame, language: Language) -> Iterator[tuple[str, pl.DataFrame]]:
    which = 0 if language == "zh" else 1
    taken = {_OVERVIEW[which].lower()}
    yield _OVERVIEW[which], listed
    for (owner,), deals in listed.group_by("owner", maintain_order=True):
        yield _sheet_name(str(owner or _NOBODY[which]), taken), deals


def _sheet_name(owner: str, taken: set[str]) -> str:
    """Make a name that Excel takes: at most 31 characters, none of its signs, each once."""
    stem = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", owner).strip("' ")[:27] or "?"
    if stem.lower() == "history":  # a word that Excel keeps to itself
        stem = f"{stem} 1"
    name, number = stem, 1
    while name.lower() in taken:
        number += 1
        name = f"{stem} {number}"
    taken.add(name.lower())
    return name


def _write(book: Workbook, name: str, deals: pl.DataFrame, language: Language) -> None:
    shares = [c for c in deals.columns if c.startswith("P(won)") or "赢单概率" in c]
    stake = heading("value_at_stake", language)
    deals.write_excel(
        book,
        name,
        table_style="Table Style Light 1",
        freeze_panes=(1, 0),
        autofit=True,
        column_formats=dict.fromkeys(shares, "0 %"),
        conditional_formats={
            **{
                share: _BARS
                | {"min_type": "num", "max_type": "num", "min_value": 0, "max_value": 1}
                for share in shares
            },
            stake: _BARS,
        },
        dtype_formats={pl.Float64: "#,##0", pl.Date: "yyyy-mm-dd", pl.Datetime: "yyyy-mm-dd hh:mm"},
    )
