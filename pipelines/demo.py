"""`dealcast demo`: the main job on a simulated company, whose true curves are known."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import polars as pl
from rich.console import Console

from data.moments import DAY, iso_date, monday, now, parse_moment
from data.settings import Settings
from models.boosting import Settings as Fitting
from models.curve import WON
from pipelines import ingest, simulate, train, week
from pipelines.phrases import Language, say
from pipelines.tables import show_table, tell
from training.backtest import Backtest, Origin
from training.forecasts import MODEL, STAGE
from training.metrics import log_losses
from training.truth import TRUTH, with_truth

LEADS, OPPORTUNITIES = "leads", "opportunities"
QUARTER, WEEK = 91 * DAY, 7 * DAY
_ORIGINS = {LEADS: QUARTER, OPPORTUNITIES: 3 * QUARTER}
"""How long before the end each is judged: moments for which the simulator tells the truth."""
FITTING: Final = Fitting(rows_per_booster=70_000)
"""How the models are fitted: on fewer rows than by default, so that the demo takes minutes."""
PAST_WEEKS: Final = (8, 6, 4, 2, 1)
"""How many weeks ago lists were published: what they said has come due, or is compared with."""


def run(
    settings: Settings,
    deals: int,
    seed: int,
    progress: Console,
    console: Console,
    past_weeks: Sequence[int] = PAST_WEEKS,
    fitting: Fitting = FITTING,
) -> None:
    """Simulate, ingest, train both pipelines, publish the list, and compare with the truth.

    Args:
        settings: the workspace.
        deals: how many opportunities.
        seed: what all chance comes from.
        progress: where to say what goes on.
        console: where the results go.
        past_weeks: how many weeks ago lists were published, the longest first, by a quickly
            fitted bundle that knew no more than the first of these weeks.
        fitting: how the models are fitted.
    """
    fitting = replace(fitting, threads=settings.threads)
    end = parse_moment(monday(now()).isoformat())
    with TemporaryDirectory(prefix="dealcast-demo-") as scratch:
        company = Path(scratch) / "company"
        simulate.run(company, deals, 3.0, seed, iso_date(end), progress)
        truths = {}
        for name in (LEADS, OPPORTUNITIES):
            ingest.run(company / name, "canonical", name, settings, progress)
            truths[name] = pl.read_parquet(company / name / "truth.parquet")
    if past_weeks:
        _live(settings, [end - weeks * WEEK for weeks in past_weeks], seed, progress)
    for name in (LEADS, OPPORTUNITIES):
        trained = train.run(name, end, settings, progress, seed, end - _ORIGINS[name], fitting)
        train.show(trained, console, settings.language)
        if trained.evidence is not None:
            last = trained.evidence.origins[-1]
            show_truth(last, truths[name], console, settings.language)
    published = week.run(OPPORTUNITIES, end, settings, progress)
    week.show(published, console, settings.language)
    for path in published.files:
        told = say(settings.language)("Written: {}").format(path)
        console.print(told, highlight=False, soft_wrap=True)
    _say_how_to_serve(settings, console)


def _live(settings: Settings, mondays: Sequence[int], seed: int, progress: Console) -> None:
    """Publish the lists of past weeks, each of what was known then."""
    quick = Fitting(threads=settings.threads, folds=2, rounds=40, rows_per_booster=20_000)
    train.run(OPPORTUNITIES, mondays[0], settings, progress, seed, mondays[0] - QUARTER, quick)
    for monday_at in mondays:
        week.run(OPPORTUNITIES, monday_at, settings, progress)


def show_truth(
    evidence: Origin, truth: pl.DataFrame, console: Console, language: Language = "en"
) -> None:
    """Print the model between its baseline and the true curves, by horizon.

    The share recovered is how much of the distance from the baseline's log-loss to the true
    curves' the model covers, on the same deals.
    """
    words = say(language)
    title = words("Against the truth, deals open on {}")
    tell(console, title.format(iso_date(evidence.as_of)), "bold")
    named = ("days", "Baseline", "Model", "True curves", "Recovered", "Mean error of P(won)")
    rows = []
    told = Backtest([with_truth(evidence, truth)])
    for days in told.horizons_days:
        forecasts = told.forecasts(days)
        simple, ours, best = (
            float(log_losses(forecasts.said[name], forecasts.outcome).mean())
            for name in (STAGE, MODEL, TRUTH)
        )
        error = np.abs(forecasts.said[MODEL][:, WON] - forecasts.said[TRUTH][:, WON]).mean()
        losses = (f"{value:.3f}" for value in (simple, ours, best))
        recovered = (simple - ours) / (simple - best)
        rows.append([str(days), *losses, f"{recovered:.0%}", f"{error:.3f}"])
    show_table(console, [words(head) for head in named], rows, right=range(len(named)))


def _say_how_to_serve(settings: Settings, console: Console) -> None:
    here, words = f"--workspace {settings.workspace}", say(settings.language)
    lines = (
        "",
        words("Look at it: choose a password, serve, and sign in."),
        f"  .venv/bin/dealcast users create me@company.example --role operations "
        f"--language {settings.language} {here}",
        f"  .venv/bin/dealcast serve {here}",
        words("then open {}").format(f"http://{settings.host}:{settings.port}"),
    )
    console.print("\n".join(lines), highlight=False, soft_wrap=True)
