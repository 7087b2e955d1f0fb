"""The pictures of a backtest: reliability, gains, curves, coverage, effects."""

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import PercentFormatter

from data.moments import iso_date
from models.curve import LOST, WON, Array, Curves
from training.backtest import Backtest, Origin
from training.effects import draw_effects, draw_importance
from training.forecasts import MODEL, STAGE
from training.metrics.closing import LEVELS, Event
from training.metrics.ranking import gains
from training.metrics.reliability import reliability
from training.phrases import Language, Say, say

mpl.use("agg")  # no screen is asked for

_FONTS: Final = ("DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Zen Hei")
"""Letters are taken from the first that has them; the last two are optional system packages."""


def draw(backtest: Backtest, folder: Path, language: Language = "en") -> list[Path]:
    """Draw every picture of a backtest into a folder and return the files."""
    words = say(language)
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # one weight will do
    pictures: dict[str, Callable[[Figure], None]] = {
        "reliability": lambda figure: draw_reliability(figure, backtest, words),
        "gains": lambda figure: draw_gains(figure, backtest, words),
        "effects": lambda figure: draw_effects(figure, backtest.origins[-1], words, language),
        "importance": lambda figure: draw_importance(figure, backtest.origins[-1], words, language),
    }
    if backtest.dated:
        pictures["curves"] = lambda figure: draw_curves(figure, backtest.origins[-1], words)
        pictures["coverage"] = lambda figure: draw_coverage(figure, backtest, words)
    files = []
    for name, picture in pictures.items():
        files.append(folder / f"{name}.png")
        with mpl.rc_context({"font.family": installed_fonts()}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a box where no font has the letter
            figure = Figure(layout="constrained")
            picture(figure)
            figure.savefig(files[-1], dpi=120)
    return files


def _ahead(days: float, words: Say) -> str:
    return words("In the end") if np.isinf(days) else words("by day {}").format(days)


def installed_fonts() -> list[str]:
    """Return the fonts of this machine that pictures may use, those with Chinese first."""
    known = {font.name for font in fontManager.ttflist}
    return [name for name in _FONTS if name in known]


def _diagonal(axes: Axes) -> None:
    axes.axline((0, 0), slope=1, color="grey", linewidth=0.8, zorder=0)


def draw_reliability(figure: Figure, backtest: Backtest, words: Say) -> None:
    """Said against came with 95 % bands, won above and lost below, a column for each horizon."""
    horizons = backtest.horizons_days
    figure.set_size_inches(1 + 3 * len(horizons), 6.5)
    panels = figure.subplots(2, len(horizons), squeeze=False)
    for row, (cause, event) in enumerate(((WON, words("won")), (LOST, words("lost")))):
        for axes, days in zip(panels[row], horizons, strict=True):
            forecasts = backtest.forecasts(days)
            said, came = forecasts.said[MODEL][:, cause], forecasts.outcome == cause
            _reliability(axes, said, came, forecasts.groups, backtest)
            axes.set_xlabel(words("said: probability {event}").format(event=event))
            axes.set_title(_ahead(days, words))
        panels[row][0].set_ylabel(words("came: share {event}").format(event=event))
    figure.suptitle(words("Reliability"))


def _reliability(
    axes: Axes, said: Array, came: np.ndarray, groups: np.ndarray, backtest: Backtest
) -> None:
    curve = reliability(said, came.astype(int), groups, backtest.draws)
    top = min(1.05 * max(float(curve.said[-1]), float(curve.high[-1])) + 1e-6, 1.0)
    axes.fill_between(curve.said, curve.low, curve.high, color="C0", alpha=0.25, linewidth=0)
    axes.plot(curve.said, curve.came, color="C0")
    _diagonal(axes)
    counts = axes.twinx()  # how many deals were told what
    counts.hist(said, bins=40, range=(0, top), color="grey", alpha=0.4)
    counts.set(ylim=(0, 6 * max(counts.get_ylim()[1], 1)), yticks=[])
    axes.set(xlim=(0, top), ylim=(0, top))


def draw_gains(figure: Figure, backtest: Backtest, words: Say) -> None:
    """The share of all wins, and of their amount, among the deals listed first."""
    figure.set_size_inches(11, 5)
    panels = figure.subplots(1, 2)
    kinds = ("share of wins among them", "share of won amount among them")
    for number, (axes, kind) in enumerate(zip(panels, kinds, strict=True)):
        for place, days in enumerate(backtest.horizons_days):
            forecasts = backtest.forecasts(days)
            won = forecasts.outcome == WON
            value = won * forecasts.amounts if number else won
            for name, style in ((STAGE, ":"), (MODEL, "-")):
                found = gains(forecasts.said[name][:, WON], value)
                label = _ahead(days, words) if name == MODEL else None
                axes.plot(
                    np.linspace(0, 1, len(found)), found, style, color=f"C{place}", label=label
                )
        _diagonal(axes)
        axes.set(xlabel=words("share of deals listed"), ylabel=words(kind))
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    panels[0].plot([], [], ":", color="grey", label=words("stage baseline"))
    panels[0].legend(loc="lower right")
    figure.suptitle(words("Gains"))


def draw_curves(figure: Figure, origin: Origin, words: Say) -> None:
    """A fan of the deals' curves, their mean, and the share that came, as far as it is seen."""
    figure.set_size_inches(11, 5)
    seen = float(origin.outcomes.seen.max())
    days = np.linspace(0, min(float(origin.curves.edges[-1]), 2 * seen), 80)
    for axes, cause, event in zip(
        figure.subplots(1, 2), (WON, LOST), (words("won"), words("lost")), strict=True
    ):
        said = np.array([_by(origin.curves, cause, day) for day in days])
        low, lower, upper, high = np.quantile(said, [0.1, 0.25, 0.75, 0.9], axis=1)
        axes.fill_between(days, low, high, color="C0", alpha=0.15, linewidth=0)
        label = words("said, middle half and 80 % of deals")
        axes.fill_between(days, lower, upper, color="C0", alpha=0.25, linewidth=0, label=label)
        axes.plot(days, said.mean(axis=1), color="C0", label=words("said, mean"))
        known = days[days <= seen]
        outcomes = origin.outcomes
        came = [((outcomes.days <= day) & (outcomes.cause == cause)).mean() for day in known]
        axes.plot(known, came, color="C1", label=words("came"))
        ylabel = words("probability {event} by then").format(event=event)
        axes.set(xlabel=words("days ahead"), ylabel=ylabel, xlim=(0, days[-1]), ylim=(0, None))
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(words("Curves of the deals open on {}").format(iso_date(origin.as_of)))


def _by(curves: Curves, cause: int, days: float) -> Array:
    return curves.won_by(days) if cause == WON else curves.lost_by(days)


def draw_coverage(figure: Figure, backtest: Backtest, words: Say) -> None:
    """The share of closings within their range against what the range is said to cover."""
    figure.set_size_inches(5.5, 5)
    axes = figure.subplots()
    events: tuple[Event, Event] = ("won", "closed")
    for number, event in enumerate(events):
        dates = backtest.dates(event)
        if not len(dates.days):
            continue
        found = list(dates.coverage(backtest.draws).values())
        mean, low, high = (
            100 * np.array([getattr(one, end) for one in found]) for end in ("mean", "low", "high")
        )
        axes.errorbar(
            np.array(LEVELS) + number - 0.5,  # side by side
            mean,
            np.maximum([mean - low, high - mean], 0),
            fmt="o-",
            capsize=2,
            label=f"{words(event)} ({len(dates.days):,})",
        )
    _diagonal(axes)
    axes.set(xlabel=words("range said to cover, %"), ylabel=words("closings within it, %"))
    axes.set(xlim=(0, 100), ylim=(0, 100), title=words("Coverage of close dates"))
    axes.legend(loc="upper left")
