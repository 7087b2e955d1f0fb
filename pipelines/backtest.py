"""`dealcast backtest`: freeze the pipeline at past moments and look up what came."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from data.moments import iso
from data.settings import Settings
from data.tables import load_pipeline, open_tables
from models.boosting import Settings as Fitting
from pipelines.workspace import database_of
from training.backtest import Origin, backtest, skill
from training.metrics import Judged, pool


def run(
    pipeline: str,
    origins: Sequence[int],
    settings: Settings,
    progress: Console,
    horizons_days: tuple[int, ...] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Judge the model at each origin; nothing recorded after an origin is used for it.

    Args:
        pipeline: whose deals.
        origins: past moments (microseconds of UTC).
        settings: where the database is.
        progress: where to say what goes on.
        horizons_days: days ahead to judge at, ascending; by default the pipeline's own.
        seed: of folds, draws and boosters.

    Returns:
        pipeline; horizons: figures by horizon pooled over the origins; origins: for each its
        moment, the log-loss saved against the baseline with its interval, and its figures.

    Raises:
        NotFound: no such pipeline.
        BadInput: an origin before the history or too close to its end.
        NotReady: too little history by an origin.
    """
    with database_of(settings) as engine:
        configured = load_pipeline(engine, pipeline)
        tables = open_tables(engine, pipeline, settings.engine)
    fitting = Fitting(threads=settings.threads)

    def told(text: str) -> None:
        progress.print(f"{pipeline}: {text}", highlight=False)

    judged = [
        backtest(tables, configured, origin, fitting, seed, horizons_days, told)
        for origin in origins
    ]
    return {
        "pipeline": pipeline,
        "seed": seed,
        "horizons": [one.to_dict() for one in _pooled(judged)],
        "origins": [_origin(one, seed) for one in judged],
    }


def _pooled(origins: Sequence[Origin]) -> list[Judged]:
    by_horizon: dict[int, list[Judged]] = {}
    for origin in origins:
        for one in origin.judged():
            by_horizon.setdefault(one.horizon_days, []).append(one)
    return [pool(found) for _, found in sorted(by_horizon.items())]


def _origin(origin: Origin, seed: int) -> dict[str, Any]:
    return {
        "origin": iso(origin.as_of),
        "log_loss_saved": asdict(skill(origin, np.random.default_rng(seed))),
        "by_horizon": {one.horizon_days: one.to_dict() for one in origin.judged()},
    }


def table(title: str, judged: Sequence[dict[str, Any]]) -> Table:
    """Lay figures by horizon out for a terminal."""
    laid = Table(title=title)
    heads = ("Days", "Deals", "Log-loss", "Baseline", "Won said / came", "Lost said / came")
    for head in heads:
        laid.add_column(head, justify="right")
    for one in judged:
        laid.add_row(
            f"{one['horizon_days']}",
            f"{one['open_deals']:,}",
            f"{one['log_loss']:.3f}",
            f"{one['log_loss_baseline']:.3f}",
            f"{one['won_expected']:,.0f} / {one['won_actual']:,}",
            f"{one['lost_expected']:,.0f} / {one['lost_actual']:,}",
        )
    return laid
