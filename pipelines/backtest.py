"""`dealcast backtest`: freeze the pipeline at past moments and look up what came."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from rich.console import Console

from data.settings import Settings
from features.audit import audit
from features.custom import load
from models.boosting import Settings as Fitting
from pipelines.audit import told_of
from pipelines.phrases import Language, Say, say
from pipelines.tables import show_table, tell
from pipelines.workspace import opened
from training.backtest import Backtest, backtest
from training.fit import pace_of
from training.metrics.closing import SHOWN
from training.phrases import BASELINES
from training.summary import by_origin, details, summary
from training.verdict import interval, verdicts


def run(
    pipeline: str,
    origins: Sequence[int],
    settings: Settings,
    progress: Console,
    horizons_days: tuple[int, ...] | None = None,
    seed: int = 0,
    fitting: Fitting | None = None,
    keep: Collection[str] = (),
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
        keep: columns that stay although the audit suspects them.

    Raises:
        NotFound: no such pipeline.
        BadInput: an origin before the history or too close to its end; a column to keep that is
            not there.
        NotReady: too little history by an origin.
    """
    configured, tables = opened(settings, pipeline)
    fitting = fitting or Fitting(threads=settings.threads, cluster=settings.dask)
    first = tables.known_by(min(origins))
    horizons = pace_of(first, configured, horizons_days).horizons_days

    def told(text: str) -> None:
        progress.print(f"{pipeline}: {text}", highlight=False)

    given, custom = (fitting, seed, horizons, told), load(settings.features)
    # by all that is known now: the more is known, the more leaks show, at every origin
    audited = audit(tables, configured, keep, seed, custom)
    told_of(audited, told)
    clean = audited.pipeline
    return Backtest([backtest(tables, clean, at, *given, custom) for at in origins], seed)


def document(pipeline: str, judged: Backtest) -> dict[str, Any]:
    """Return all figures, fit for JSON.

    Returns:
        pipeline and seed; what a card keeps (`training.summary.summary`): horizons pooled over
        the origins, the end and the dates; each origin by itself; and details by horizon.
    """
    told = {"pipeline": pipeline, "seed": judged.seed}
    more = {"origins": by_origin(judged), "details": details(judged)}
    return told | summary(judged) | more


def show(title: str, told: dict[str, Any], console: Console, language: Language = "en") -> None:
    """Print what a card keeps of a backtest: by horizon, what is saved, grades, amounts, dates."""
    words = say(language)
    tell(console, title, "bold")
    _show_horizons(told["horizons"], console, words)
    parts = (_saved, verdicts, _grades, _amounts, _dates)
    for line in (line for part in parts for line in part(told, words)):
        tell(console, line)


def _saved(told: dict[str, Any], words: Say) -> Iterator[str]:
    for name, saved in told["saved_against"].items():
        line = words("Log-loss saved against the {}: {}")
        yield line.format(words(BASELINES[name]), interval(saved, "+.3f", words))
    if told["log_loss_saved_at_who"] is not None:
        who = interval(told["log_loss_saved_at_who"], "+.3f", words)
        yield words("At telling won from lost alone: {}").format(who)


def _grades(told: dict[str, Any], words: Say) -> Iterator[str]:
    line = words("Of 100 with the grade {} ({:,} in all): {:.0f} said, {} won")
    for one in told["grades"]:
        if one["closed"]:
            won = interval(one["won"], ".0f", words)
            yield line.format(one["grade"], one["deals"], one["score"], won)


def _amounts(told: dict[str, Any], words: Say) -> Iterator[str]:
    amounts = told["amounts"]
    if amounts["deals"] and amounts["now"]["wape"]["high"] == 0:
        always = words("Amounts at close: as they stood, of all {:,} that were won with one.")
        yield always.format(amounts["deals"])
    elif amounts["deals"]:
        ratios = [interval(amounts[name]["ratio"], ".2f", words) for name in ("model", "now")]
        yield words("Amounts at close, said by came: {}; as they stood: {}").format(*ratios)


def _dates(told: dict[str, Any], words: Say) -> Iterator[str]:
    wins = told["dates"]["won"]
    if wins is not None:
        covered = interval(wins["coverage"][str(SHOWN)], ".0%", words)
        yield words("Wins within the range of dates said to hold {} %: {}").format(SHOWN, covered)
        yield words("Still open when the data end: {:.0%}").format(wins["still_open"])


def _show_horizons(horizons: Sequence[dict[str, Any]], console: Console, words: Say) -> None:
    named = ("days", "deals", "log-loss", "stage baseline", "won: said / came", "lost: said / came")
    heads = list(map(words, named))
    rows = [
        [
            words("In the end") if one["horizon_days"] is None else f"{one['horizon_days']}",
            f"{one['open_deals']:,}",
            f"{one['log_loss']:.3f}",
            f"{one['log_loss_baseline']:.3f}",
            f"{one['won_expected']:,.0f} / {one['won_actual']:,}",
            f"{one['lost_expected']:,.0f} / {one['lost_actual']:,}",
        ]
        for one in horizons
    ]
    show_table(console, heads, rows, right=range(len(heads)))
