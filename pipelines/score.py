"""`dealcast score`: every open deal of a pipeline at a moment, to files."""

from functools import partial
from pathlib import Path

import polars as pl
from rich.console import Console

from data.errors import BadInput
from data.moments import DAY, iso, now
from data.settings import Settings
from features.custom import load
from pipelines.files import write_whole
from pipelines.workspace import database_of, opened, warn_if_stale, warn_of_stages
from serving import ledger, standings
from serving.champions import Champions
from serving.ledger import Told
from serving.scorer import Scorer
from serving.scores import Scores
from serving.told import columns


def run(
    pipeline: str,
    as_of: int,
    settings: Settings,
    progress: Console,
    out: Path | None = None,
    curves: Path | None = None,
    allow_later_bundle: bool = False,
) -> Scores:
    """Score the open deals with the champion and write what was asked for.

    The scores stand from then on, and the ledger keeps them; entries past their days go.

    Args:
        pipeline: whose deals.
        as_of: the moment (microseconds of UTC).
        settings: where the database and the bundles are.
        progress: where to say what goes on.
        out: a row per deal, .parquet or .csv: see `summary`.
        curves: a row per deal and day ahead, .parquet or .csv: deal_id, as_of, days_ahead,
            p_won, p_lost, at the horizons and at every bin's end.
        allow_later_bundle: let a bundle score a past that it has seen the sequel of.

    Raises:
        BadInput: a file of another kind, or a bundle that knows what came after as_of.
        NotFound: no such pipeline, or it has no champion.
    """
    for path in (out, curves):
        _check_kind(path)
    own = load(settings.features)
    scorer = Champions(settings.bundles, settings.threads, own).scorer(pipeline)
    if curves is not None:
        _check_dated(scorer)
    with database_of(settings) as engine:
        seen = standings.pushes(engine, pipeline)
    _, tables = opened(settings, pipeline)
    progress.print(f"{pipeline}: scoring open deals as of {iso(as_of)} with {scorer.bundle.name}")
    if scorer.bundle.dated:
        warn_if_stale(tables, as_of, progress, settings.language)
    scores = scorer.score(tables, as_of, allow_later_bundle=allow_later_bundle)
    warn_of_stages(scores, scorer.bundle, progress, settings.language)
    with database_of(settings) as engine:
        standings.refresh(engine, scorer, scores, tables, seen, settings.webhook_close_days)
        ledger.enter(engine, Told(now(), "batch", "job:score"), ledger.entries(scorer, scores))
        ledger.prune(engine, now() - settings.ledger_days * DAY)
    if out is not None:
        _write(summary(scorer, scores), out)
    if curves is not None:
        _write(scores.at(_days(scores)), curves)
    return scores


def summary(scorer: Scorer, scores: Scores) -> pl.DataFrame:
    """Return a row per deal.

    Columns: deal_id, as_of, bundle, served_by, timing, stage, score, grade, p_won and p_lost
    in the end, close_median, close_from, close_to, p_won_<days> and p_lost_<days> for each
    horizon; moments are microseconds of UTC.
    """
    chances = {
        f"{name}_{days}": pl.Series(read(days))
        for days in scores.horizons_days
        for name, read in (("p_won", scores.curves.won_by), ("p_lost", scores.curves.lost_by))
    }
    bundle = {
        "as_of": pl.lit(scores.as_of, pl.Int64),
        "bundle": pl.lit(scorer.bundle.name),
        "served_by": pl.lit(scorer.bundle.serves),
        "timing": pl.lit(scorer.bundle.timing),
    }
    rows = scores.rows.select("deal_id", **bundle, stage="stage")
    for told in (scores.graded().drop("trend"), scores.eventually(), scores.closing()):
        rows = rows.join(told, on="deal_id", maintain_order="left")
    return rows.with_columns(**chances)


def _check_dated(scorer: Scorer) -> None:
    if not scorer.bundle.dated:
        raise BadInput(
            "timing unknown: the pipeline's records have no dates, and so there are no curves",
            field="pipeline",
            value=scorer.bundle.pipeline.name,
            remedy="leave --curves out; p_won in the file of --out is the chance in the end",
        )


def _days(scores: Scores) -> list[int]:
    """Return the horizons and every bin's end: wherever a curve may bend."""
    return sorted({*scores.horizons_days, *(int(edge) for edge in scores.curves.edges[1:])})


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Write moments as date-times: typed in Parquet, ISO 8601 in CSV."""
    moments = [c for c in frame.columns if c == "as_of" or c.startswith("close_")]
    told = frame.with_columns(
        pl.from_epoch(pl.col(moments), time_unit="us").dt.replace_time_zone("UTC")
    )
    if path.suffix == ".parquet":
        write_whole(path, told.write_parquet)
    else:
        text = columns(told)
        write_whole(path, partial(text.write_csv, datetime_format="%Y-%m-%dT%H:%M:%S%.fZ"))


def _check_kind(path: Path | None) -> None:
    if path is not None and path.suffix not in (".parquet", ".csv"):
        raise BadInput(
            "not a kind of file to write scores to",
            field="file",
            value=str(path),
            allowed="names that end in .parquet or .csv",
        )
