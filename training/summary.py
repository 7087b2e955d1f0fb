"""A backtest's figures as documents: what a card keeps, and all that there is."""

from dataclasses import asdict
from typing import Any, Final

import numpy as np

from data.places import tell_place
from models.curve import LOST, WON
from training.backtest import Backtest
from training.forecasts import MODEL, STAGE, Forecasts
from training.grades import graded
from training.judged import judge, plain
from training.metrics.closing import SHOWN, Event, covered
from training.metrics.ranking import at_capacity, gains
from training.metrics.reliability import decompose, logarithmic, reliability, squared
from training.segments import segments

PER_OWNER: Final = 30
"""How many deals a seller's list holds, as on the weekly list."""
_TENTHS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def summary(backtest: Backtest) -> dict[str, Any]:
    """Return what a card keeps: figures by horizon, of the end and of the dates, pooled."""
    names = [name for name in backtest.forecasts(backtest.horizons_days[0]).said if name != MODEL]
    who = backtest.saved_at_who()
    document: dict[str, Any] = plain(
        {
            "origins": [_origin(one) for one in _alone(backtest)],
            "log_loss_saved": asdict(backtest.saved()),
            "stand_in": backtest.stand_in,
            "log_loss_saved_at_who": None if who is None else asdict(who),
            "saved_against": {name: asdict(backtest.saved(name)) for name in names},
            "silent": {name: why for one in backtest.origins for name, why in one.silent.items()},
            "horizons": [one.to_dict() for one in backtest.judged()],
            "eventual": _eventual(backtest),
            "grades": [asdict(one) for one in graded(backtest)],
            "amounts": backtest.amounts.to_dict(backtest.draws),
            "dates": {event: _dates(backtest, event) for event in ("won", "closed")},
        }
    )
    return document


def details(backtest: Backtest) -> list[dict[str, Any]]:
    """Return by horizon what a report shows besides: reliability, lists, segments."""
    document: list[dict[str, Any]] = plain(
        [
            {
                "horizon_days": days,
                "reliability": {
                    "won": _reliability(backtest, forecasts, WON),
                    "lost": _reliability(backtest, forecasts, LOST),
                },
                "lists": _lists(backtest, forecasts),
                "segments": [
                    {"by": one.by, "name": one.name, **one.judged.to_dict()}
                    for one in segments(forecasts, backtest.draws)
                ],
            }
            for days in backtest.horizons_days
            for forecasts in [backtest.forecasts(days)]
        ]
    )
    return document


def by_origin(backtest: Backtest) -> list[dict[str, Any]]:
    """Return the figures of each origin by itself, by horizon."""
    return [
        plain(_origin(alone))
        | {"by_horizon": {str(one.horizon_days): one.to_dict() for one in alone.judged()}}
        for alone in _alone(backtest)
    ]


def _alone(backtest: Backtest) -> list[Backtest]:
    return [Backtest([origin], backtest.seed) for origin in backtest.origins]


def _origin(alone: Backtest) -> dict[str, Any]:
    origin = alone.origins[0]
    return {
        "origin": tell_place(origin.fitted.pipeline, origin.as_of),
        "open_deals": len(origin.outcomes),
        "log_loss_saved": asdict(alone.saved()),
    }


def _eventual(backtest: Backtest) -> dict[str, Any]:
    """Judge the end, of closed deals only; `still_open` is the share that is left out."""
    forecasts = backtest.eventual()
    deals = sum(len(origin.outcomes) for origin in backtest.origins)
    still_open = 1.0 - len(forecasts) / deals
    if not len(forecasts):
        return {"still_open": still_open}
    judged = judge(forecasts, backtest.draws).to_dict()
    return {"still_open": still_open, **judged, "horizon_days": None}


def _dates(backtest: Backtest, event: Event) -> dict[str, Any] | None:
    """Judge close dates; `shown` is of the range as people see it, whatever is seen of it."""
    if not backtest.dated:
        return None
    dates, draws = backtest.dates(event), backtest.draws
    if not len(dates.days):
        return None
    return {
        "closings": len(dates.days),
        "still_open": dates.still_open / dates.deals,
        "coverage": {level: asdict(one) for level, one in dates.coverage(draws).items()},
        f"shown_{SHOWN}": asdict(draws.mean(dates.groups, covered(dates.days, dates.shown))),
        "pinball_days": float(dates.loss.mean()),
        "pinball_days_baseline": float(dates.loss_baseline.mean()),
        "pinball_saved": asdict(draws.mean(dates.groups, dates.loss - dates.loss_baseline)),
    }


def _reliability(backtest: Backtest, forecasts: Forecasts, cause: int) -> dict[str, Any]:
    said, came = forecasts.said[MODEL][:, cause], (forecasts.outcome == cause).astype(int)
    curve = reliability(said, came, forecasts.groups, backtest.draws)
    return {
        "brier": asdict(decompose(said, came, squared)),
        "log_loss": asdict(decompose(said, came, logarithmic)),
        "curve": {name: values.tolist() for name, values in asdict(curve).items()},
    }


def _lists(backtest: Backtest, forecasts: Forecasts) -> dict[str, Any]:
    return {
        "per_owner": PER_OWNER,
        **{name: _listed(backtest, forecasts, name) for name in (MODEL, STAGE)},
    }


def _listed(backtest: Backtest, forecasts: Forecasts, name: str) -> dict[str, Any]:
    """Judge lists by what one said: gains at tenths of the deals, and each seller's own list."""
    said, won, amounts = forecasts.said[name][:, WON], forecasts.outcome == WON, forecasts.amounts
    deals = np.linspace(0, 1, len(forecasts) + 1)
    lists, groups = forecasts.lists, forecasts.groups
    return {
        "gains": np.interp(_TENTHS, deals, gains(said, won)).tolist(),
        "gains_value": np.interp(_TENTHS, deals, gains(said, won * amounts)).tolist(),
        **asdict(at_capacity(said, won, amounts, lists, groups, backtest.draws, PER_OWNER)),
    }
