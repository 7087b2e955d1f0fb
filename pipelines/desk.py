"""`dealcast desk`: make what pages, interface and command line read of a pipeline."""

from rich.console import Console

from data.moments import iso
from data.settings import Settings
from data.tables import Tables
from features.custom import load
from models.boosting import Settings as Fitting
from models.bundle import Bundle
from pipelines.lookback import Lookback, kept, look_back
from pipelines.workspace import configured, opened, targets_of
from serving.champions import Champions
from serving.desk.build import Desk, build
from serving.desk.store import read_lookback, write, write_lookback
from serving.scores import Scores


def run(
    pipeline: str,
    as_of: int,
    settings: Settings,
    progress: Console,
    allow_later_bundle: bool = False,
    quarters: int = 0,
) -> Desk:
    """Score the open deals, and make and keep the desk of a moment.

    Args:
        pipeline: whose desk.
        as_of: the moment (microseconds of UTC).
        settings: where the database and the bundles are.
        progress: where to say what goes on.
        allow_later_bundle: let a bundle score a past that it has seen the sequel of.
        quarters: finished quarters to look back at first, which takes a fit each; what is found
            is kept until somebody looks back again.

    Raises:
        BadInput: the bundle knows what came after as_of.
        NotFound: no such pipeline, or it has no champion.
    """
    own = load(settings.features)
    scorer = Champions(settings.bundles, settings.threads, own).scorer(pipeline)
    rules, tables = opened(settings, pipeline)
    if quarters:
        how = Lookback(quarters, Fitting(threads=settings.threads))
        found = look_back(tables.known_by(as_of), rules, how, progress.print, own)
        write_lookback(kept(found), settings.desks / pipeline)
    scores = scorer.score(tables, as_of, allow_later_bundle=allow_later_bundle)
    return keep(settings, tables, scorer.bundle, scores, progress)


def keep(
    settings: Settings, tables: Tables, bundle: Bundle, scores: Scores, progress: Console
) -> Desk:
    """Make the desk of scores that are there already, and name it current."""
    name = bundle.pipeline.name
    progress.print(f"{name}: the desk as of {iso(scores.as_of)}", highlight=False)
    pipeline, targets = configured(settings, name), targets_of(settings)
    folder = settings.desks / name
    desk = build(tables, bundle, scores, pipeline, targets, read_lookback(folder))
    write(desk, folder)
    return desk
