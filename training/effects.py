"""Pictures of what the model makes of the facts."""

from typing import Final

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from features.catalogue import Feature
from models.bundle import Model
from models.hazard import HazardModel
from training.backtest import Origin
from training.phrases import Language, Say

_BARS: Final = 25
_PANELS: Final = 6
_POINTS: Final = 7
_DEALS: Final = 100
"""Deals over which an effect is averaged: enough for a picture."""
CALENDAR: Final = {
    "bin": "how far ahead",
    "working_week": "working days to seven days of the bin",
    "starts_on": "weekday of the bin's start",
    "ends_on": "weekday of the bin's end",
    "month_ends": "months that end in the bin",
    "quarter_week": "week of the quarter of the bin's start",
    "quarter_opening": "share of the bin in a quarter's first three weeks",
    "quarter_closing": "share of the bin in a quarter's last two weeks",
    "season": "day of the year",
}
"""What the columns of `models.calendar` are called in pictures."""


def draw_importance(figure: Figure, origin: Origin, words: Say, language: Language) -> None:
    """How much each column improved the fit, as LightGBM counts gain."""
    figure.set_size_inches(8, 6)
    axes = figure.subplots()
    gain = _gain(model_of(origin))
    top = sorted(gain, key=lambda name: gain[name])[-_BARS:]
    meanings = {name: words(meaning) for name, meaning in CALENDAR.items()}
    meanings |= {one.name: getattr(one, language) for one in origin.fitted.features}
    axes.barh([meanings[name] for name in top], [gain[name] for name in top])
    axes.set(xlabel=words("share of the gain"), title=words("What the boosters split on"))


def draw_effects(figure: Figure, origin: Origin, words: Say, language: Language) -> None:
    """The mean probability won, were a fact the same for all deals that have it (Friedman 2001).

    All else stays as it is, also what goes with the fact in truth: it is what the model makes of
    the fact, not what changing it would do.
    """
    figure.set_size_inches(11, 6.5)
    gain = _gain(model_of(origin))
    features = sorted(origin.fitted.features, key=lambda one: -gain[one.name])[:_PANELS]
    horizons = origin.fitted.pace.horizons_days
    days = horizons[len(horizons) // 2]
    panels = figure.subplots(2, -(-_PANELS // 2), sharey=True).flatten()
    for axes, feature in zip(panels, features, strict=False):
        _effect(axes, origin, feature, days, words)
        unit = f" ({words('days')})" if feature.unit == "days" else ""
        axes.set_xlabel(getattr(feature, language) + unit)
    panels[0].set_ylim(bottom=0)  # for all
    by_then = words("mean probability won by day {}, were it so").format(days)
    ever = words("mean probability won in the end, were it so")
    figure.supylabel(by_then if np.isfinite(days) else ever)
    figure.suptitle(words("What the model makes of a fact, all else as it is"))


def model_of(origin: Origin) -> Model:
    """Return the model of an origin, which has been judged and so is there."""
    assert origin.fitted.model is not None  # noqa: S101 - for the type checker
    return origin.fitted.model


def _gain(model: Model) -> dict[str, float]:
    """Return each fact's and each calendar column's share of the gain."""
    boosters = [booster for bag in model.bags.values() for booster in bag.boosters]
    gain = np.mean([booster.feature_importance("gain") for booster in boosters], axis=0)
    names = model.ahead.of_names if isinstance(model, HazardModel) else model.encoder.names
    shares = dict.fromkeys(names, 0.0)
    for name, share in zip(names, gain / gain.sum(), strict=True):
        shares[name] += share
    return shares


def _effect(axes: Axes, origin: Origin, feature: Feature, days: float, words: Say) -> None:
    rows = origin.outcomes.rows
    known = rows.drop_nulls(feature.name)
    some = known.gather_every(max(1, len(known) // _DEALS))

    def won(value: float | str | None) -> float:
        fact = pl.lit(value, rows.schema[feature.name]).alias(feature.name)
        return float(model_of(origin).curves(some.with_columns(fact)).won_by(days).mean())

    values = _values(rows[feature.name])
    mean = [won(value) for value in values]
    # "never" is a fact as well, and it has no place among the numbers
    none = won(None) if 0 < len(known) < len(rows) else None
    if feature.kind == "category":
        axes.bar([str(value) for value in values], mean)
        if none is not None:
            axes.bar([words("none yet")], [none], color="grey")
        axes.tick_params(axis="x", labelrotation=30)
        return
    axes.plot(values, mean, "o-")
    if none is not None:
        axes.axhline(none, color="grey", linestyle="--", label=words("none yet"))
        axes.legend()
    if axes.get_xlim()[1] >= 10_000:
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def _values(column: pl.Series) -> list[float] | list[str]:
    """Return the most frequent words, or quantiles from the 5th to the 95th percentile."""
    known = column.drop_nulls()
    if known.is_empty():
        return []
    if column.dtype.is_numeric():
        return list(np.unique([known.quantile(q) for q in np.linspace(0.05, 0.95, _POINTS)]))
    counts = known.value_counts().sort("count", column.name, descending=[True, False])
    return list(counts[column.name][:_POINTS])
