"""`dealcast desk`: make what pages, interface and command line read of a pipeline."""

from rich.console import Console

from data.moments import iso
from data.settings import Settings
from data.tables import load_pipeline, open_tables, read_targets
from features.custom import load
from models.bundle import Bundle
from pipelines.workspace import database_of
from serving.champions import Champions
from serving.desk.build import Desk, build
from serving.desk.store import read_lookback, write
from serving.scores import Scores


def run(
    pipeline: str,
    as_of: int,
    settings: Settings,
    progress: Console,
    allow_later_bundle: bool = False,
) -> Desk:
    """Score the open deals, and make and keep the desk of a moment.

    Args:
        pipeline: whose desk.
        as_of: the moment (microseconds of UTC).
        settings: where the database and the bundles are.
        progress: where to say what goes on.
        allow_later_bundle: let a bundle score a past that it has seen the sequel of.

    Raises:
        BadInput: the bundle knows what came after as_of.
        NotFound: no such pipeline, or it has no champion.
    """
    scorer = Champions(settings.bundles, settings.threads, load(settings.features)).scorer(pipeline)
    with database_of(settings) as engine:
        tables = open_tables(engine, pipeline, settings.engine)
    scores = scorer.score(tables, as_of, allow_later_bundle=allow_later_bundle)
    return keep(settings, scorer.bundle, scores, progress)


def keep(settings: Settings, bundle: Bundle, scores: Scores, progress: Console) -> Desk:
    """Make the desk of scores that are there already, and name it current."""
    name = bundle.pipeline.name
    progress.print(f"{name}: the desk as of {iso(scores.as_of)}", highlight=False)
    with database_of(settings) as engine:
        pipeline, targets = load_pipeline(engine, name), read_targets(engine)
        tables = open_tables(engine, name, settings.engine)
    folder = settings.desks / name
    desk = build(tables, bundle, scores, pipeline, targets, read_lookback(folder))
    write(desk, folder)
    return desk
