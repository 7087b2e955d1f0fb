"""What a forecast is judged by: three-class log-loss, Brier score, and sums against counts."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from models.curve import LOST, WON, Array, Curves
from models.sample import Sample

_TINY = 1e-12


@dataclass(frozen=True)
class Judged:
    """How curves did at one horizon, over the snapshots whose horizon lies within the data.

    Expected and actual are numbers of deals; an expectation's deviation is that of a sum of
    independent deals, and so a lower bound.
    """

    horizon_days: int
    open_deals: int
    log_loss: float
    log_loss_baseline: float
    brier: float
    brier_baseline: float
    won_expected: float
    won_deviation: float
    won_actual: int
    lost_expected: float
    lost_deviation: float
    lost_actual: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def paired_difference(
    ours: Array, theirs: Array, groups: np.ndarray, rng: np.random.Generator, draws: int = 1000
) -> Interval:
    """Mean of ours - theirs with a bootstrap interval that draws whole groups.

    Args:
        ours: a loss by snapshot, [n].
        theirs: the same snapshots' loss by another, [n].
        groups: accounts or deals: what is drawn together, [n].
        rng: of the draws.
        draws: how many.
    """
    _, group = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(group, weights=ours - theirs), np.bincount(group)
    weights = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=draws)
    low, high = np.quantile(weights @ sums / (weights @ sizes), [0.025, 0.975])
    return Interval(float((ours - theirs).mean()), float(low), float(high))


def outcome_at(sample: Sample, days: float) -> np.ndarray:
    """Return OPEN, WON or LOST after so many days, [n]."""
    state: np.ndarray = np.where(sample.days <= days, sample.cause, 0)
    return state


def log_losses(probabilities: Array, outcome: np.ndarray) -> Array:
    """Return minus the log of what was given to the outcome, [n], for [n, 3] and [n]."""
    given = probabilities[np.arange(len(outcome)), outcome]
    losses: Array = -np.log(np.clip(given, _TINY, 1.0))
    return losses


def brier(probabilities: Array, outcome: np.ndarray) -> float:
    """Mean squared distance to the outcome over the three classes; 0 is best, 2 worst."""
    return float(((probabilities - np.eye(3)[outcome]) ** 2).sum(axis=1).mean())


def pool(judged: Sequence[Judged]) -> Judged:
    """Pool one horizon's figures over origins: losses by deal, counts added up."""
    first, weights = judged[0], [one.open_deals for one in judged]

    def mean(figure: str) -> Any:
        return float(np.average([getattr(one, figure) for one in judged], weights=weights))

    def total(figure: str) -> Any:
        return sum(getattr(one, figure) for one in judged)

    deviations: dict[str, Any] = {
        figure: math.hypot(*(getattr(one, figure) for one in judged))
        for figure in ("won_deviation", "lost_deviation")
    }
    counts = ("open_deals", "won_expected", "won_actual", "lost_expected", "lost_actual")
    losses = ("log_loss", "log_loss_baseline", "brier", "brier_baseline")
    return replace(
        first,
        **deviations,
        **{figure: total(figure) for figure in counts},
        **{figure: mean(figure) for figure in losses},
    )


def judge(sample: Sample, curves: Curves, baseline: Curves, horizon_days: int) -> Judged | None:
    """Judge curves and the baseline at a horizon; None where no snapshot's horizon is seen."""
    seen = sample.seen >= horizon_days
    if not seen.any():
        return None
    outcome = outcome_at(sample, horizon_days)[seen]
    said, simple = curves.at(horizon_days)[seen], baseline.at(horizon_days)[seen]
    deviation = np.sqrt((said * (1 - said)).sum(axis=0))
    return Judged(
        horizon_days=horizon_days,
        open_deals=int(seen.sum()),
        log_loss=float(log_losses(said, outcome).mean()),
        log_loss_baseline=float(log_losses(simple, outcome).mean()),
        brier=brier(said, outcome),
        brier_baseline=brier(simple, outcome),
        won_expected=float(said[:, WON].sum()),
        won_deviation=float(deviation[WON]),
        won_actual=int((outcome == WON).sum()),
        lost_expected=float(said[:, LOST].sum()),
        lost_deviation=float(deviation[LOST]),
        lost_actual=int((outcome == LOST).sum()),
    )
