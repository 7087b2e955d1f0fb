"""`dealcast backtest`: freeze the pipeline at past moments and look up what came."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from data.settings import Settings
from features.custom import load
from models.boosting import Settings as Fitting
from pipelines.workspace import opened
from training.backtest import Backtest, backtest
from training.fit import pace_of
from training.metrics.closing import SHOWN
from training.summary import by_origin, details, summary


def run(
    pipeline: str,
    origins: Sequence[int],
    settings: Settings,
    progress: Console,
    horizons_days: tuple[int, ...] | None = None,
    seed: int = 0,
    fitting: Fitting | None = None,
) -> Backtest:
    """Judge the model at each origin; nothing recorded after an origin is used for it.

    Args:
        pipeline: whose deals.
        origins: past moments (microseconds of UTC).
        settings: where the database is.
        progress: where to say what goes on.
        horizons_days: days ahead to judge at, ascending; by default the pipeline's own as they
            were at the first origin, so that all origins are judged alike.
        seed: of folds, draws and boosters.
        fitting: how the hazards are fitted.

    Raises:
        NotFound: no such pipeline.
        BadInput: an origin before the history or too close to its end.
        NotReady: too little history by an origin.
    """
    configured, tables = opened(settings, pipeline)
    fitting = fitting or Fitting(threads=settings.threads)
    first = tables.known_by(min(origins))
    horizons = pace_of(first, configured, horizons_days).horizons_days

    def told(text: str) -> None:
        progress.print(f"{pipeline}: {text}", highlight=False)

    given, custom = (fitting, seed, horizons, told), load(settings.features)
    return Backtest([backtest(tables, configured, at, *given, custom) for at in origins], seed)


def document(pipeline: str, judged: Backtest) -> dict[str, Any]:
    """Return all figures, fit for JSON.

    Returns:
        pipeline and seed; what a card keeps (`training.summary.summary`): horizons pooled over
        the origins, the end and the dates; each origin by itself; and details by horizon.
    """
    told = {"pipeline": pipeline, "seed": judged.seed}
    more = {"origins": by_origin(judged), "details": details(judged)}
    return told | summary(judged) | more


def show(title: str, told: dict[str, Any], console: Console) -> None:
    """Print what a card keeps of a backtest: by horizon, what is saved, grades, amounts, dates."""
    console.print(_table(title, told["horizons"]))
    for line in (*_saved(told), *_grades(told["grades"]), *_amounts(told), *_dates(told)):
        console.print(line, highlight=False)


def _saved(told: dict[str, Any]) -> Iterator[str]:
    for name, saved in told["saved_against"].items():
        yield f"Log-loss against the {name} baseline: {_interval(saved, '+.3f')}"
    if told["log_loss_saved_at_who"] is not None:
        who = _interval(told["log_loss_saved_at_who"], "+.3f")
        yield f"At telling won from lost alone: {who}"


def _grades(grades: Sequence[dict[str, Any]]) -> Iterator[str]:
    for one in grades:
        if one["closed"]:
            won = f"{one['score']:.0f} said, {_interval(one['won'], '.0f')} won"
            yield f"Of 100 with the grade {one['grade']} ({one['deals']:,} deals): {won}"


def _amounts(told: dict[str, Any]) -> Iterator[str]:
    if told["amounts"]["deals"]:
        ratios = [_interval(told["amounts"][name]["ratio"], ".2f") for name in ("model", "now")]
        yield f"Amounts at close, said by came: {ratios[0]}; as they stood: {ratios[1]}"


def _dates(told: dict[str, Any]) -> Iterator[str]:
    wins = told["dates"]["won"]
    if wins is not None:
        covered = _interval(wins["coverage"][str(SHOWN)], ".0%")
        yield f"Wins within the range of dates said to hold {SHOWN}%: {covered}"
        yield f"Deals still open when the data end: {wins['still_open']:.0%}"


def _interval(one: dict[str, float], form: str) -> str:
    return f"{one['mean']:{form}} ({one['low']:{form}} to {one['high']:{form}})"


def _table(title: str, horizons: Sequence[dict[str, Any]]) -> Table:
    laid = Table(title=title)
    heads = ("Days", "Deals", "Log-loss", "Baseline", "Won said / came", "Lost said / came")
    for head in heads:
        laid.add_column(head, justify="right")
    for one in horizons:
        laid.add_row(
            "end" if one["horizon_days"] is None else f"{one['horizon_days']}",
            f"{one['open_deals']:,}",
            f"{one['log_loss']:.3f}",
            f"{one['log_loss_baseline']:.3f}",
            f"{one['won_expected']:,.0f} / {one['won_actual']:,}",
            f"{one['lost_expected']:,.0f} / {one['lost_actual']:,}",
        )
    return laid
