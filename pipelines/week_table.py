"""The top of a week's list as a terminal shows it: a line a deal, and why below it."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from data.moments import iso_date
from pipelines.phrases import Language, say
from serving.insights.headings import heading

_SIDES: Final[tuple[JustifyMethod, ...]] = (
    *("right", "left", "left"),
    *("right", "right", "right", "left"),
)
"""Of position, deal, stage, amount, score, probability and close date."""
_DEAL, _STAGE = 1, 2
_LEAST, _MOST_OF_STAGE = 12, 20
"""Cells that a deal's name has at least, and a stage's at most."""
_GAP: Final = 2


def show_list(deals: Sequence[dict[str, Any]], console: Console, language: Language) -> None:
    """Print deals of a list, the deal's name in whatever width the other columns leave."""
    words = say(language)
    named = [heading(name, language) for name in ("title", "stage", "amount", "score")]
    heads = ["#", *named, words("P(won)"), heading("close_median", language)]
    lines = [_cells(deal) for deal in deals]
    widths = [max(map(cell_len, column)) for column in zip(heads, *lines, strict=True)]
    widths[_STAGE] = min(widths[_STAGE], _MOST_OF_STAGE)
    others = sum(widths) - widths[_DEAL] + _GAP * (len(widths) - 1)
    widths[_DEAL] = max(console.width - others, _LEAST)
    console.print(_line(heads, widths), style="bold")
    for deal, line in zip(deals, lines, strict=True):
        console.print(_line(line, widths))
        for reason in _whys(deal["reasons"], language):
            console.print(Padding(Text(reason, style="dim"), (0, 0, 0, widths[0] + _GAP)))


def _cells(deal: dict[str, Any]) -> list[str]:
    amount, close = deal["amount"], deal["close_median"]
    return [
        str(deal["position"]),
        deal["title"] or deal["deal_id"],
        deal["stage"] or "–",
        "–" if amount is None else f"{amount:,.0f}",
        f"{deal['grade']} {deal['score']}",
        f"{deal['p_won_period']:.0%}",
        "–" if close is None else iso_date(close),
    ]


def _line(cells: list[str], widths: list[int]) -> Table:
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    for width, side in zip(widths, _SIDES, strict=True):
        grid.add_column(width=width, justify=side, no_wrap=True, overflow="ellipsis")
    grid.add_row(*map(Text, cells))
    return grid


def _whys(reasons: Sequence[dict[str, Any]], language: Language) -> Iterator[str]:
    """Tell the strongest reason for the deal and the strongest against it, the louder first."""
    told = set()
    for reason in reasons:
        sign = "+" if reason["effect"] > 0 else "−"
        if sign not in told:
            told.add(sign)
            yield f"{sign} {reason[language]}"
