"""The figures of forecasts at one horizon: losses, sums against counts, and their intervals."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from models.curve import LOST, WON, Array
from training.forecasts import MODEL, STAGE, Forecasts
from training.metrics import Draws, Interval, brier_scores, log_losses
from training.metrics.ranking import auc

_DIGITS: Final = 10
"""Of figures as text: the rest depends on the order of sums."""


@dataclass(frozen=True)
class Figures:
    """The figures of one baseline, as those of the model."""

    log_loss: float
    brier: float
    auc: float
    won_expected: float


@dataclass(frozen=True)
class Judged:
    """How forecasts did at one horizon.

    Expected and actual are numbers of deals, a ratio is expected by actual. `saved` is model less
    baseline; below 0 is better. AUC is of won by then against all else, nan where all are alike.

    Attributes:
        baselines: each baseline that speaks of this horizon, by name.
    """

    horizon_days: float
    open_deals: int
    log_loss: float
    log_loss_baseline: float
    log_loss_saved: Interval
    brier: float
    brier_baseline: float
    brier_saved: Interval
    auc: float
    auc_baseline: float
    won_expected: float
    won_actual: int
    won_ratio: Interval
    lost_expected: float
    lost_actual: int
    lost_ratio: Interval
    baselines: dict[str, Figures]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures by name, fit for JSON: None for what has no number."""
        figures: dict[str, Any] = plain(asdict(self))
        return figures


def judge(forecasts: Forecasts, draws: Draws) -> Judged:
    """Judge forecasts of at least one deal; intervals draw whole accounts."""
    outcome, groups = forecasts.outcome, forecasts.groups
    ours, theirs = forecasts.said[MODEL], forecasts.said[STAGE]
    loss, loss_baseline = log_losses(ours, outcome), log_losses(theirs, outcome)
    brier, brier_baseline = brier_scores(ours, outcome), brier_scores(theirs, outcome)
    won, lost = outcome == WON, outcome == LOST
    return Judged(
        horizon_days=forecasts.horizon_days,
        open_deals=len(forecasts),
        log_loss=float(loss.mean()),
        log_loss_baseline=float(loss_baseline.mean()),
        log_loss_saved=draws.mean(groups, loss - loss_baseline),
        brier=float(brier.mean()),
        brier_baseline=float(brier_baseline.mean()),
        brier_saved=draws.mean(groups, brier - brier_baseline),
        auc=auc(ours[:, WON], won),
        auc_baseline=auc(theirs[:, WON], won),
        won_expected=float(ours[:, WON].sum()),
        won_actual=int(won.sum()),
        won_ratio=draws.ratio(groups, ours[:, WON], won),
        lost_expected=float(ours[:, LOST].sum()),
        lost_actual=int(lost.sum()),
        lost_ratio=draws.ratio(groups, ours[:, LOST], lost),
        baselines={
            name: _figures(said, outcome) for name, said in forecasts.said.items() if name != MODEL
        },
    )


def _figures(said: Array, outcome: np.ndarray) -> Figures:
    losses, brier = log_losses(said, outcome), brier_scores(said, outcome)
    ranked = auc(said[:, WON], outcome == WON)
    return Figures(float(losses.mean()), float(brier.mean()), ranked, float(said[:, WON].sum()))


def plain(value: Any) -> Any:
    """Return a value fit for JSON: floats with ten digits, or None where they are no number."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    return value
