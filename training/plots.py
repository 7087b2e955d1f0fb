"""The pictures a data scientist looks at first: reliability, gains, effects, curves."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from scipy.stats import beta

from models.calendar import NAMES
from models.curve import WON, Array
from models.hazard import HazardModel
from training.backtest import Origin
from training.metrics import outcome_at

mpl.use("agg")  # no screen is asked for

_FONTS: Final = ("DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Zen Hei")
"""Letters are taken from the first that has them; the last two are optional system packages."""

_BINS = 10
_EFFECTS = 25
_CURVES = 30


def draw(origin: Origin, folder: Path) -> list[Path]:
    """Draw every picture of a backtest's origin into a folder and return the files."""
    horizons = [one.horizon_days for one in origin.judged()]
    pictures: dict[str, Callable[[Axes], None]] = {
        "reliability": lambda axes: _each(reliability, axes, origin, horizons),
        "gains": lambda axes: _each(gains, axes, origin, horizons),
        "effects": lambda axes: effects(axes, origin.fitted.model),
        "curves": lambda axes: curves(axes, origin),
    }
    files = []
    for name, picture in pictures.items():
        files.append(folder / f"{name}.png")
        with mpl.rc_context({"font.family": _installed()}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a box where no font has the letter
            figure = Figure(figsize=(7, 5), layout="constrained")
            picture(figure.add_subplot())
            figure.savefig(files[-1], dpi=120)
    return files


def _installed() -> list[str]:
    known = {font.name for font in fontManager.ttflist}
    return [name for name in _FONTS if name in known]


def _each(draw_one: Callable[..., None], axes: Axes, origin: Origin, horizons: list[int]) -> None:
    for horizon in horizons:
        seen = origin.outcomes.seen >= horizon
        won = outcome_at(origin.outcomes, horizon)[seen] == WON
        draw_one(axes, origin.curves.won_by(horizon)[seen], won, f"{horizon} days")
    axes.legend()


def reliability(axes: Axes, said: Array, won: np.ndarray, label: str) -> None:
    """Said against came, in bins of equal size, with 90 % Jeffreys intervals."""
    parts = np.array_split(np.argsort(said), _BINS)
    parts = [part for part in parts if len(part)]
    mean = np.array([said[part].mean() for part in parts])
    hits, sizes = (np.array([f(won[part]) for part in parts]) for f in (np.sum, len))
    low, high = (beta.ppf(q, hits + 0.5, sizes - hits + 0.5) for q in (0.05, 0.95))
    share = hits / sizes
    axes.errorbar(
        mean, share, np.maximum([share - low, high - share], 0), fmt="o-", capsize=2, label=label
    )
    axes.axline((0, 0), slope=1, color="grey", linewidth=0.8)
    axes.set(xlabel="said: probability won", ylabel="came: share won", title="Reliability")


def gains(axes: Axes, said: Array, won: np.ndarray, label: str) -> None:
    """Share of all wins found among the deals listed first."""
    order = np.argsort(-said)
    found = np.cumsum(won[order]) / max(int(won.sum()), 1)
    axes.plot(np.arange(1, len(said) + 1) / len(said), found, label=label)
    axes.axline((0, 0), slope=1, color="grey", linewidth=0.8)
    axes.set(xlabel="share of deals listed", ylabel="share of wins among them", title="Gains")


def effects(axes: Axes, model: HazardModel) -> None:
    """How much each column improved the fit, as LightGBM counts gain."""
    names = np.array([*model.encoder.names, *NAMES])
    boosters = [booster for bag in model.bags.values() for booster in bag.boosters]
    gain = np.mean([booster.feature_importance("gain") for booster in boosters], axis=0)
    top = np.argsort(gain)[-_EFFECTS:]
    axes.barh(names[top], gain[top] / gain.sum())
    axes.set(xlabel="share of the gain", title="What the boosters split on")


def curves(axes: Axes, origin: Origin) -> None:
    """Curves of won of some deals, spread over the range of what was said."""
    order = np.argsort(origin.curves.won[:, -1])
    for row in order[np.linspace(0, len(order) - 1, min(_CURVES, len(order))).astype(int)]:
        axes.plot(origin.curves.edges, origin.curves.won[row], color="C0", alpha=0.4)
    axes.set(xlabel="days ahead", ylabel="probability won by then", title="Curves")
