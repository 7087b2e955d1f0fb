"""Verdicts: what an interval leaves no doubt of is said, and nothing else."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from training.phrases import say
from training.verdict import of_kinds, verdicts

WORDS = say("en")
EVEN = {"mean": 1.0, "low": 0.9, "high": 1.1}
ends = st.floats(0.1, 3.0)


def interval(low: float, high: float) -> dict[str, float]:
    return {"mean": (low + high) / 2, "low": low, "high": high}


def told(won: dict[str, float] = EVEN, saved: tuple[float, ...] = (-1.0, -1.0)) -> dict[str, Any]:
    horizons = [
        {
            "horizon_days": days,
            "won_ratio": won,
            "lost_ratio": EVEN,
            "log_loss_saved": interval(high - 0.5, high),
        }
        for days, high in zip((28, 91), saved, strict=True)
    ]
    return {"horizons": horizons, "dates": {"won": None}, "amounts": {"deals": 0}}


@given(low=ends, width=st.floats(0.01, 1.0))
def test_a_sum_is_told_where_its_interval_excludes_one_and_only_there(
    low: float, width: float
) -> None:
    said = " ".join(verdicts(told(interval(low, low + width)), WORDS))
    assert ("too many wins were expected by day 28" in said) == (low > 1)
    assert ("too few wins were expected by day 28" in said) == (low + width < 1)
    assert ("By no horizon" in said) == (low <= 1 <= low + width)


def test_an_interval_without_width_says_nothing() -> None:
    assert "By no horizon" in " ".join(verdicts(told(interval(2.0, 2.0)), WORDS))


def test_skill_is_told_by_horizon_where_horizons_differ() -> None:
    assert not any("stage baseline" in one for one in verdicts(told(), WORDS))
    both = " ".join(verdicts(told(saved=(-0.1, 0.2)), WORDS))
    assert "Surely better than the stage baseline: by day 28." in both
    assert "Not surely better or worse than the stage baseline: by day 91." in both
    assert "Surely worse than the stage baseline: by day 91." in " ".join(
        verdicts(told(saved=(-0.1, 0.7)), WORDS)
    )


def test_kinds_are_named_with_what_chance_would_do() -> None:
    kinds = [
        {"by": "stage", "name": "offer", "won_ratio": interval(1.2, 1.6)},
        {"by": "source", "name": "web", "won_ratio": interval(0.9, 1.2)},
        {"by": "team", "name": "East", "won_ratio": {"mean": None, "low": None, "high": None}},
    ]
    assert of_kinds(kinds, WORDS) == [
        "Surely too many wins were expected of: stage offer 1.40 (1.20 to 1.60).",
        "Of 3 kinds, 0.2 would look so by chance alone.",
    ]
    assert of_kinds(kinds[1:], WORDS) == []
    assert of_kinds(kinds, say("zh"))[0].startswith("赢单预计确实过多的类别：阶段 offer 1.40")
