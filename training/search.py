"""Search: settings of the boosters that do best at rolling origins, within a time budget.

Each trial is fitted on what was known at each of a few past origins, and judged on the deals open
there by the three-class log-loss at the horizons, as a backtest would. The settings that stand
are the first trial, so what is found is never worse at these origins; whether it is better
elsewhere, the backtest at a later origin says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import optuna

from data.errors import BadInput
from data.moments import DAY
from models.boosting import Settings
from models.hazard import HazardModel
from training.fit import Prepared
from training.metrics import log_losses, outcome_at

ORIGINS: Final = 3
"""Past moments that a trial is judged at."""
_ROWS: Final = 50_000
"""Rows a booster of a trial is fitted on: enough to rank settings by."""
_FOLDS: Final = 3


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        settings: the best of all trials.
        trials: how many were judged.
        log_loss: of the best, the mean over origins and horizons.
        log_loss_before: of the settings that stood.
    """

    settings: Settings
    trials: int
    log_loss: float
    log_loss_before: float

    def to_dict(self) -> dict[str, Any]:
        """Return the figures; the settings stand in the card by themselves."""
        return {
            "trials": self.trials,
            "log_loss": self.log_loss,
            "log_loss_before": self.log_loss_before,
        }


def search(
    given: Prepared,
    settings: Settings,
    seed: int,
    seconds: float,
    trials: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Found:
    """Try settings until the time is up.

    The same seed tries the same settings in the same order; how many, the clock decides, unless
    `trials` does.

    Args:
        given: snapshots and what came of them, with the catalogue and the pipeline's pace.
        settings: those that stand.
        seed: of the sampler and of the fits.
        seconds: time after which no trial is begun.
        trials: how many are judged at most.
        progress: told each trial.

    Raises:
        BadInput: the pipeline has no dates, so there are no origins.
    """
    if not given.pipeline.dated:
        raise BadInput(
            "settings are searched on rolling origins, and records without dates have none",
            field="search",
            value=given.pipeline.name,
            allowed="pipelines with dates",
            remedy="leave --search out: how many trees is found in training there",
        )
    origins = _origins(given)

    def loss(trial: optuna.Trial) -> float:
        tried = _suggest(trial, settings)
        losses = [_loss(given, origin, tried, seed) for origin in origins]
        mean = float(np.mean(losses))
        progress(f"search: trial {trial.number + 1}, log-loss {mean:.4f}")
        return mean

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial(_as_trial(settings))
    study.optimize(loss, n_trials=trials, timeout=seconds)
    return Found(
        settings=_suggest(optuna.trial.FixedTrial(study.best_params), settings),
        trials=len(study.trials),
        log_loss=study.best_value,
        log_loss_before=float(study.trials[0].values[0]),
    )


def _origins(given: Prepared) -> Sequence[int]:
    """Choose past moments of the grid, a middle horizon apart, whose outcomes are known."""
    moments = np.unique(given.sample.rows["as_of"].to_numpy())
    horizons = given.pace.horizons_days
    span = horizons[len(horizons) // 2] * DAY
    wanted = [moments[-1] - place * span for place in range(1, ORIGINS + 1)]
    return [int(moments[np.abs(moments - moment).argmin()]) for moment in wanted]


def _loss(given: Prepared, origin: int, settings: Settings, seed: int) -> float:
    """Fit on what was known at a moment and judge on the deals open then."""
    sample = given.sample
    as_of = sample.rows["as_of"].to_numpy()
    delay = as_of.max() - (as_of[0] + sample.seen[0] * DAY)  # of nearly all entries, see `settled`
    past = sample.take(np.flatnonzero(as_of < origin)).known_at(origin - delay)
    asked = sample.take(np.flatnonzero(as_of == origin))
    small = replace(settings, folds=_FOLDS, rows_per_booster=min(_ROWS, settings.rows_per_booster))
    calendar = given.pipeline.calendar
    model = HazardModel.fit(past, given.features, given.edges, small, seed, calendar=calendar)
    curves = model.curves(asked.rows, settings.threads)
    losses = []
    for days in given.pace.horizons_days:
        seen = asked.seen >= days
        if seen.any():
            losses.append(log_losses(curves.at(days), outcome_at(asked, days))[seen].mean())
    return float(np.mean(losses))


def _suggest(trial: optuna.trial.BaseTrial, settings: Settings) -> Settings:
    recent = trial.suggest_categorical("recent", [False, True])
    half_life = trial.suggest_float("half_life_days", 30, 2000, log=True)
    return replace(
        settings,
        rounds=trial.suggest_int("rounds", 10, 500, log=True),
        half_life_days=half_life if recent else None,
        booster={
            **settings.booster,
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 4, 63, log=True),
            "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 10, 1000, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.2, 1.0),
            "lambda_l2": trial.suggest_float("lambda_l2", 0.1, 100.0, log=True),
        },
    )


def _as_trial(settings: Settings) -> dict[str, Any]:
    """Say settings as the parameters of a trial."""
    searched = ("learning_rate", "num_leaves", "min_data_in_leaf", "feature_fraction", "lambda_l2")
    return {
        "recent": settings.half_life_days is not None,
        "half_life_days": settings.half_life_days or 365.0,
        "rounds": settings.rounds,
        **{name: settings.booster[name] for name in searched},
    }
