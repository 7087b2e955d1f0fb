"""The list as people open it: CSV and a workbook, with headings in Chinese or English.

What a customer's name or title begins with must never run as a formula on a seller's machine.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from data.words import KINDS
from serving.insights.decision import DECISIONS, STATES
from serving.insights.headings import Language, heading
from serving.insights.spreadsheet import local, opened, written

if TYPE_CHECKING:
    from xlsxwriter import Workbook

GROUP_NAMES: Final = {
    "must": ("必须做", "must do"),
    "worth": ("最值得", "most worth"),
    "risk": ("有风险", "at risk"),
}
PROPOSALS: Final = {
    "revive": ("激活", "revive"),
    "dormant": ("转休眠", "make dormant"),
    "drop": ("放弃", "drop"),
}
_NAMED: Final = {
    "group": GROUP_NAMES,
    "decision": DECISIONS,
    "state": STATES,
    "proposal": PROPOSALS,
    "last_touch_kind": KINDS,
    "channel": KINDS,
    "served_by": {"model": ("模型", "model"), "baseline": ("基线", "baseline")},
}
"""Columns whose words have names."""
_TOLD: Final = ("action", "decision_why")
"""Columns with a text in each language."""
_LISTS: Final = ("warnings", "factors", "risks")
"""Columns with many such texts."""
_YES: Final = ("overdue", "effective", "stagnant", "explored", "swapped")
_YES_NO: Final = (("是", "否"), ("yes", "no"))
_DAYS: Final = ("close_median", "close_from", "close_to", "due_at", "stated_close_at")
_IN_THE_END: Final = ("最终赢单概率（时间未知）", "P(won) in the end (timing unknown)")
_OVERVIEW: Final = ("总览", "Overview")
_NOBODY: Final = ("未分配", "Nobody")
_LEFT_OUT: Final = ("未列入", "Not listed")
_CAPACITY: Final = ("工时", "Hours")
_USED: Final = ("所示商机合计", "Sum of what is shown")
_ZONE: Final = ("日期与时间为{}时区。", "Dates and times are in {}.")
_ABOVE: Final = 3
"""Rows above a sheet's table: its sums."""

_BARS: Final = {"type": "data_bar", "bar_solid": True, "bar_color": "#9DC3E6"}


def csv(listed: pl.DataFrame, language: Language, zone: str = "UTC") -> bytes:
    """Return a list as CSV, with dates and times of a zone: see `spreadsheet.written`."""
    return written(_shown(listed, language, zone))


def workbook(
    listed: pl.DataFrame,
    as_of: int,
    language: Language,
    loads: pl.DataFrame | None = None,
    others: pl.DataFrame | None = None,
    note: str = "",
    zone: str = "UTC",
) -> bytes:
    """Return a list as an XLSX workbook: an overview, a sheet a seller, hours, what is left out.

    Headers are frozen, columns have filters, value, hours and probability have data bars. Above
    each table that has hours or values stand their sums over the rows that its filters leave.

    Args:
        listed: the list's items.
        as_of: its moment.
        language: of headings and texts.
        loads: the sellers' hours, see `serving.insights.priorities.List`.
        others: the open deals that are not listed.
        note: what the values assume; it stands above each table of deals.
        zone: an IANA name, for dates and times; ends of periods are of UTC's calendar.
    """
    file = BytesIO()
    with opened(file, as_of) as book:
        taken: set[str] = set()
        told = f"{note} {_ZONE[_which(language)].format(zone)}".strip()
        for name, deals in _sheets(listed, language, taken):
            _write(book, name, _shown(deals, language, zone), language, told)
            if loads is not None:
                _tell_hours(book, deals, loads, language)
        for names, frame in ((_CAPACITY, loads), (_LEFT_OUT, others)):
            if frame is not None:
                title = _sheet_name(names[_which(language)], taken)
                _write(book, title, _shown(frame, language, zone), language)
    return file.getvalue()


def _which(language: Language) -> int:
    return 0 if language == "zh" else 1


def _shown(frame: pl.DataFrame, language: Language, zone: str) -> pl.DataFrame:
    """Name the columns for people and tell words, texts and reasons in their language."""
    shown = _worded(_with_reasons(frame, language), language, zone)
    named = {name: heading(name, language) for name in shown.columns}
    if len(frame) and "period_end" in frame.columns and frame["period_end"].is_null().all():
        named["p_won_period"] = _IN_THE_END[_which(language)]
    return shown.rename(named)


def _with_reasons(frame: pl.DataFrame, language: Language) -> pl.DataFrame:
    if "why" in frame.columns:  # what is left out says why in a sentence
        return frame.with_columns(why=pl.col(language)).drop("zh", "en")
    if "reasons" not in frame.columns:
        return frame
    effect = pl.element().struct.field("effect")
    sides = {"speaks_for": effect > 0, "speaks_against": effect < 0}
    told = {name: pl.element().filter(side).struct.field(language) for name, side in sides.items()}
    return frame.with_columns(
        **{name: pl.col("reasons").list.eval(side).list.join(" | ") for name, side in told.items()}
    ).drop("reasons")


def _worded(frame: pl.DataFrame, language: Language, zone: str) -> pl.DataFrame:
    which, here = _which(language), frame.columns
    yes, no = _YES_NO[which]
    day = pl.duration(microseconds=1)
    told = {
        **{name: local(name, zone).dt.date() for name in _DAYS},
        "last_touch_at": local("last_touch_at", zone),
        "period_end": (pl.from_epoch("period_end", time_unit="us") - day).dt.date(),
        **{name: pl.col(name).struct.field(language) for name in _TOLD},
        **{name: _joined(name, language) for name in _LISTS},
        "assigned": pl.format(
            "{}: {}",
            pl.col("assigned").struct.field("owner"),
            pl.col("assigned").struct.field(language),
        ),
        **{name: _words(name, words, which) for name, words in _NAMED.items()},
        **{name: _yes_or_no(name, yes, no) for name in _YES},
    }
    return frame.with_columns(**{name: told[name] for name in here if name in told})


def _joined(name: str, language: Language) -> pl.Expr:
    return pl.col(name).list.eval(pl.element().struct.field(language)).list.join(" | ")


def _words(name: str, words: dict[str, tuple[str, str]], which: int) -> pl.Expr:
    here = {word: named[which] for word, named in words.items()}
    return pl.col(name).replace_strict(here, default=pl.col(name), return_dtype=pl.String)


def _yes_or_no(name: str, yes: str, no: str) -> pl.Expr:
    said = pl.when(pl.col(name)).then(pl.lit(yes)).when(~pl.col(name)).then(pl.lit(no))
    return said.otherwise(pl.lit(None, pl.String))


def _sheets(
    listed: pl.DataFrame, language: Language, taken: set[str]
) -> Iterator[tuple[str, pl.DataFrame]]:
    which = _which(language)
    yield _sheet_name(_OVERVIEW[which], taken), listed
    for (_, owner), deals in listed.group_by("owner_id", "owner", maintain_order=True):
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


def _tell_hours(
    book: "Workbook", deals: pl.DataFrame, loads: pl.DataFrame, language: Language
) -> None:
    """Write the hours that the sellers of the last sheet have, above its table."""
    shown = loads.join(deals.select("owner_id").unique(), on="owner_id", nulls_equal=True)
    sheet = book.worksheets()[-1]
    sheet.write_string(2, 0, heading("hours_available", language))
    sheet.write_number(2, 2, float(shown["hours_available"].sum()))


def _write(
    book: "Workbook", name: str, rows: pl.DataFrame, language: Language, note: str = ""
) -> None:
    shares = [c for c in rows.columns if c.startswith("P(won)") or "赢单概率" in c]
    percents = [heading(c, language) for c in ("expected_effect", "propensity", "cost_share")]
    fine = [heading(c, language) for c in ("hours", "hours_used", "hours_available", "must_hours")]
    here = set(rows.columns)
    summed = here & {heading(c, language) for c in ("value_at_stake", "hours")}
    above = _ABOVE if summed else 0
    sheet = book.add_worksheet(name)
    rows.write_excel(
        book,
        sheet,
        position=(above, 0),
        table_style="Table Style Light 1",
        freeze_panes=(above + 1, 0),
        autofit=True,
        column_formats={
            **dict.fromkeys(shares, "0 %"),
            **{column: "0.0 %" for column in percents if column in here},
            **{column: "0.00" for column in fine if column in here},
        },
        conditional_formats={
            **{
                share: _BARS
                | {"min_type": "num", "max_type": "num", "min_value": 0, "max_value": 1}
                for share in shares
            },
            **dict.fromkeys(summed, _BARS),
        },
        dtype_formats={pl.Float64: "#,##0", pl.Date: "yyyy-mm-dd", pl.Datetime: "yyyy-mm-dd hh:mm"},
    )
    if not summed:
        return
    sheet.write_string(0, 0, _USED[_which(language)])
    sheet.write_string(1, 0, note)
    for column in sorted(summed) if len(rows) else ():
        _sum(book, sheet, rows, column)


def _sum(book: "Workbook", sheet: Any, rows: pl.DataFrame, column: str) -> None:
    """Write the sum of the rows that filters leave, above its column."""
    from xlsxwriter.utility import xl_range

    place = rows.columns.index(column)
    first = _ABOVE + 1
    cells = xl_range(first, place, _ABOVE + len(rows), place)
    shape = book.add_format({"bold": True, "num_format": "#,##0.00"})
    total = float(rows[column].sum())
    sheet.write_formula(0, place, f"=SUBTOTAL(109,{cells})", shape, total)
