"""The top of a week's list as a terminal shows it: a deal, and why below it."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from data.moments import iso_date
from pipelines.phrases import Language, say
from pipelines.tables import GAP, fitted, fold, line_of
from serving.insights.headings import heading

_RIGHT: Final = (0, 3, 4, 5)
"""Of position, deal, stage, amount, score, probability and close date: those flush right."""


def show_list(deals: Sequence[dict[str, Any]], console: Console, language: Language) -> None:
    """Print deals of a list; names and stages fold where the terminal is narrow."""
    words = say(language)
    named = [heading(name, language) for name in ("title", "stage", "amount", "score")]
    heads = ["#", *named, words("P(won)"), heading("close_median", language)]
    lines = [_cells(deal) for deal in deals]
    widths = fitted(heads, lines, console.width)
    console.print(line_of(heads, widths, _RIGHT, head=True))
    indent = widths[0] + GAP
    for deal, line in zip(deals, lines, strict=True):
        console.print(line_of(line, widths, _RIGHT))
        for said in (*_step(deal, language), *_whys(deal["reasons"], language)):
            told = Text(fold(said, console.width - indent), style="dim")
            console.print(Padding(told, (0, 0, 0, indent), expand=False))


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


def _step(deal: dict[str, Any], language: Language) -> Iterator[str]:
    """Tell what to do next, and by when."""
    due = deal["due_at"]
    by = "" if due is None else say(language)(", by {}").format(iso_date(due))
    yield f"→ {deal['action'][language]}{by}"


def _whys(reasons: Sequence[dict[str, Any]], language: Language) -> Iterator[str]:
    """Tell the strongest reason for the deal and the strongest against it, the louder first."""
    told = set()
    for reason in reasons:
        sign = "+" if reason["effect"] > 0 else "−"
        if sign not in told:
            told.add(sign)
            yield f"{sign} {reason[language]}"
