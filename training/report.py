"""A backtest as a page to read: plain words first, then tables and pictures."""

from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import jinja2
import numpy as np

from training.backtest import Backtest
from training.metrics.closing import SHOWN
from training.phrases import BASELINES, Language, say
from training.plots import draw
from training.summary import details, summary
from training.verdict import ahead, of_kinds, verdicts

PAGE: Final = "report.html"
_SAID: Final = (20, 40, 60, 80)
"""Of deals said to be won with about so many per cent, the page tells how many were."""

_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


def write(backtest: Backtest, folder: Path, language: Language = "en") -> Path:
    """Write the page and its pictures into a folder, made where it is missing.

    Returns:
        The page, which needs nothing but the pictures beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [file.name for file in draw(backtest, folder, language)]
    page = folder / PAGE
    page.write_text(render(backtest, pictures, language), encoding="utf-8")
    return page


def render(backtest: Backtest, pictures: list[str], language: Language) -> str:
    """Return the page's HTML with links to its pictures."""
    told, more = summary(backtest), details(backtest)
    main, words = len(more) // 2, say(language)
    return _templates.get_template(PAGE).render(
        say=words,
        names={"model": "model"} | BASELINES,
        language=language,
        pipeline=backtest.origins[0].fitted.pipeline.name,
        dated=backtest.dated,
        places=[_place(one["origin"]) for one in told["origins"]],
        told=told,
        main=told["horizons"][main],
        ahead=ahead(told["horizons"][main]["horizon_days"], words),
        verdicts=verdicts(told, words),
        details=more[main],
        of_kinds=of_kinds(more[main]["segments"], words),
        segments=[list(of) for _, of in groupby(more[main]["segments"], itemgetter("by"))],
        said=_came_of(more[main]["reliability"]["won"]["curve"]),
        shown=SHOWN,
        pictures=pictures,
    )


def _place(origin: str) -> str:
    """Return the day of a moment; a place in an order as it is."""
    return origin.partition("T")[0]


def _came_of(curve: dict[str, Any]) -> list[dict[str, float]]:
    """Read the reliability curve where deals were told so: per cent said, came, low and high."""
    read = ("came", "low", "high")
    return [
        {"said": said}
        | {name: 100 * float(np.interp(said / 100, curve["said"], curve[name])) for name in read}
        for said in _SAID
        if curve["said"][0] <= said / 100 <= curve["said"][-1]
    ]
