"""What a backtest's intervals say in words: where surely too much or too little was said."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from training.metrics.closing import SHOWN
from training.phrases import BASELINES, Say
from training.segments import OTHERS, UNKNOWN

_BY_CHANCE: Final = 0.05
"""The share of 95 % intervals that miss although nothing is wrong."""


def verdicts(told: dict[str, Any], words: Say) -> list[str]:
    """Return a sentence for whatever an interval of a backtest leaves no doubt of.

    Args:
        told: what `training.summary.summary` keeps.
        words: puts a phrase into the reader's language.
    """
    sums = list(_sums(told["horizons"], words))
    even = words("By no horizon were surely too many or too few wins or losses expected.")
    return [
        *_skill(told["horizons"], words),
        *(sums or [even]),
        *_dates(told["dates"]["won"], words),
        *_amounts(told["amounts"], words),
    ]


def of_kinds(segments: Sequence[dict[str, Any]], words: Say) -> list[str]:
    """Return of which kinds of deals surely too many or too few wins were expected.

    Args:
        segments: those of one horizon, see `training.summary.details`.
        words: puts a phrase into the reader's language.
    """
    many = [one for one in segments if _beyond(one["won_ratio"], 1.0) > 0]
    few = [one for one in segments if _beyond(one["won_ratio"], 1.0) < 0]
    told = []
    if many:
        told.append(words("Surely too many wins were expected of: {}.").format(_list(many, words)))
    if few:
        told.append(words("Surely too few wins were expected of: {}.").format(_list(few, words)))
    if told:
        chance = words("Of {} kinds, {:.1f} would look so by chance alone.")
        told.append(chance.format(len(segments), _BY_CHANCE * len(segments)))
    return told


def interval(one: dict[str, float | None], form: str, words: Say) -> str:
    """Write a figure with its interval: "1.12 (1.04 to 1.20)"."""
    ends = ("–" if one[end] is None else f"{one[end]:{form}}" for end in ("mean", "low", "high"))
    return words("{} ({} to {})").format(*ends)


def ahead(days: float | None, words: Say) -> str:
    """Say how far ahead a forecast speaks; None is the end."""
    return words("in the end") if days is None else words("by day {}").format(days)


def _beyond(one: dict[str, float | None], value: float) -> int:
    """Return 1 where a whole interval lies above a value, -1 where below, 0 where it holds it.

    One without width, of a few deals that all went the same way, says nothing: 0 as well.
    """
    low, high = one["low"], one["high"]
    if low is None or high is None or low == high:
        return 0
    return int(low > value) - int(high < value)


def _skill(horizons: Sequence[dict[str, Any]], words: Say) -> Iterator[str]:
    """Say by which horizons the model is better than the stage baseline, where that differs."""
    found = {one["horizon_days"]: _beyond(one["log_loss_saved"], 0.0) for one in horizons}
    if len(set(found.values())) == 1:
        return
    for side, phrase in (
        (-1, words("Surely better than the {}: {}.")),
        (0, words("Not surely better or worse than the {}: {}.")),
        (1, words("Surely worse than the {}: {}.")),
    ):
        days = [ahead(day, words) for day, beyond in found.items() if beyond == side]
        if days:
            yield phrase.format(words(BASELINES["stage"]), words(", ").join(days))


def _sums(horizons: Sequence[dict[str, Any]], words: Say) -> Iterator[str]:
    for one in horizons:
        for ratio, many, few in (
            (
                one["won_ratio"],
                words("Surely too many wins were expected {}: {} times those that came."),
                words("Surely too few wins were expected {}: {} times those that came."),
            ),
            (
                one["lost_ratio"],
                words("Surely too many losses were expected {}: {} times those that came."),
                words("Surely too few losses were expected {}: {} times those that came."),
            ),
        ):
            if beyond := _beyond(ratio, 1.0):
                phrase = many if beyond > 0 else few
                yield phrase.format(
                    ahead(one["horizon_days"], words), interval(ratio, ".2f", words)
                )


def _dates(wins: dict[str, Any] | None, words: Say) -> Iterator[str]:
    if wins is None:
        return
    covered = wins["coverage"][str(SHOWN)]
    narrow = words("The ranges of dates are surely too narrow: those said to hold {} % held {}.")
    wide = words("The ranges of dates are surely too wide: those said to hold {} % held {}.")
    if beyond := _beyond(covered, SHOWN / 100):
        yield (wide if beyond > 0 else narrow).format(SHOWN, interval(covered, ".0%", words))


def _amounts(amounts: dict[str, Any], words: Say) -> Iterator[str]:
    if not amounts["deals"]:
        return
    ratio = amounts["model"]["ratio"]
    high = words("The amounts at close were surely told too high: {} times those that came.")
    low = words("The amounts at close were surely told too low: {} times those that came.")
    if beyond := _beyond(ratio, 1.0):
        yield (high if beyond > 0 else low).format(interval(ratio, ".2f", words))


def _list(segments: Sequence[dict[str, Any]], words: Say) -> str:
    def named(one: dict[str, Any]) -> str:
        name = words(one["name"]) if one["name"] in (OTHERS, UNKNOWN) else one["name"]
        return f"{words(one['by'])} {name} {interval(one['won_ratio'], '.2f', words)}"

    return words(", ").join(map(named, segments))
