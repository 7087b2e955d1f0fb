"""`dealcast train`: judge the model at a past origin, fit it on all, and make it champion."""

import math
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from data.contract import Pipeline
from data.errors import DealcastError
from data.moments import iso
from data.places import tell_place
from data.settings import Settings
from data.tables import Tables
from features.audit import audit
from features.catalogue import Family
from features.custom import load
from models.boosting import Settings as Fitting
from models.bundle import Bundle, Serves
from models.usual import Usual
from pipelines.audit import show as show_findings
from pipelines.audit import told_of
from pipelines.backtest import show as show_evidence
from pipelines.models import crowned
from pipelines.phrases import Language, say
from pipelines.tables import tell
from pipelines.workspace import opened
from training.backtest import Backtest, backtest, late_origin
from training.fit import Fitted, fit, pace_of, prepare
from training.search import Found, search
from training.served import amounts, stand_in, why_not
from training.summary import summary
from training.tracking import Run, track


@dataclass(frozen=True)
class Trained:
    """A new champion: its bundle, where it lies, what it is judged by, where it is recorded."""

    bundle: Bundle
    path: Path
    evidence: Backtest | None
    run: Run


def run(
    pipeline: str,
    as_of: int,
    settings: Settings,
    progress: Console,
    seed: int = 0,
    origin: int | None = None,
    fitting: Fitting | None = None,
    search_seconds: float = 0,
    keep: Collection[str] = (),
) -> Trained:
    """Train on what was known by a moment and put the bundle to work.

    Args:
        pipeline: whose deals.
        as_of: nothing learned later is used (microseconds of UTC).
        settings: where the database, the bundles and MLflow are.
        progress: where to say what goes on.
        seed: of folds, draws and boosters.
        origin: the past moment to judge the model at; by default a middle horizon before the
            data's end.
        fitting: how the hazards are fitted.
        search_seconds: how long to search for better settings, on what was known at the origin.
        keep: columns that stay although the audit suspects them.

    Raises:
        NotFound: no such pipeline.
        NotReady: no deal is known as closed by then.
        BadInput: an origin that cannot be judged at; a column to keep that is not there.
    """
    configured, tables = opened(settings, pipeline)
    fitting, custom = (
        fitting or Fitting(threads=settings.threads, cluster=settings.dask),
        load(settings.features),
    )

    def told(text: str) -> None:
        progress.print(f"{pipeline}: {text}", highlight=False)

    known, found = tables.known_by(as_of), None
    audited = audit(known, configured, keep, seed, custom)
    told_of(audited, told)
    configured = audited.pipeline
    if search_seconds:
        found = _search(known, configured, origin, fitting, seed, search_seconds, told, custom)
        fitting = found.settings
    told(f"the model, as of {iso(as_of)}")
    fitted = fit(tables, configured, as_of, fitting, seed, progress=told, custom=custom)
    evidence = _judge(known, configured, fitted, origin, fitting, seed, told)
    card = _card(fitted, as_of, seed, fitting, evidence)
    card |= {"search": found and found.to_dict(), "audit": audited.to_dict()}
    bundle = bundled(fitted, card).save(settings.bundles / pipeline)
    path = settings.bundles / pipeline / bundle.name
    told("recording the run")
    recorded = _record(bundle, path, settings, evidence, {"seed": seed, **asdict(fitting)})
    crowned(settings, path)
    return Trained(bundle, path, evidence, recorded)


def bundled(fitted: Fitted, card: dict[str, Any]) -> Bundle:
    """Return the unsaved bundle of what was fitted; see `Bundle` for its card."""
    usual = Usual.learn(fitted.sample, fitted.features)
    baseline = fitted.baselines[card["baseline"]]
    parts = (fitted.context, fitted.features, fitted.model, baseline, fitted.amount, usual)
    return Bundle("", card, *parts)


def _record(
    bundle: Bundle,
    path: Path,
    settings: Settings,
    evidence: Backtest | None,
    parameters: dict[str, Any],
) -> Run:
    artifacts = settings.workspace / "mlartifacts"
    parameters = {"as_of": bundle.card["as_of"], **parameters}
    return track(settings.tracking_uri, bundle, path, artifacts, evidence, parameters)


def _search(
    known: Tables,
    pipeline: Pipeline,
    origin: int | None,
    fitting: Fitting,
    seed: int,
    seconds: float,
    told: Any,
    custom: tuple[Family, ...],
) -> Found:
    """Search by what was known at the origin, so that the evidence judges the settings too."""
    horizons = pace_of(known, pipeline, None).horizons_days
    moment = late_origin(known, pipeline, horizons) if origin is None else origin
    given = prepare(known, pipeline, moment, horizons, told, custom)
    return search(given, fitting, seed, seconds, progress=told)


def _judge(
    tables: Tables,
    pipeline: Pipeline,
    fitted: Fitted,
    origin: int | None,
    fitting: Fitting,
    seed: int,
    told: Any,
) -> Backtest | None:
    """Backtest at a past origin; None, with the reason told, where the history is too short."""
    horizons = fitted.pace.horizons_days
    given = (fitting, seed, horizons, told, fitted.context.custom)
    if fitted.model is None:
        return None
    if origin is not None:
        return Backtest([backtest(tables, pipeline, origin, *given)], seed)
    moment = late_origin(tables, pipeline, horizons)
    try:
        return Backtest([backtest(tables, pipeline, moment, *given)], seed)
    except DealcastError as error:
        told(f"not judged, so the stage baseline serves: {error}")
        return None


def _card(
    fitted: Fitted,
    as_of: int,
    seed: int,
    fitting: Fitting,
    evidence: Backtest | None,
) -> dict[str, Any]:
    """Say what the bundle is, and where the baseline serves, why."""
    why = why_not(fitted, evidence)
    serves: Serves = "model" if why is None else "baseline"
    return {
        "pipeline": fitted.pipeline.model_dump(mode="json"),
        "as_of": iso(as_of),
        "as_of_moment": as_of,
        "data_end": tell_place(fitted.pipeline, fitted.end),
        "serves": serves,
        "why": why,
        "baseline": stand_in(evidence),
        "amounts": amounts(evidence),
        "timing": "dated" if fitted.pipeline.dated else "unknown",
        "cadence_days": fitted.pace.cadence_days,
        "horizons_days": [days for days in fitted.pace.horizons_days if math.isfinite(days)],
        "snapshots": len(fitted.sample),
        "custom_features": {one.name: one.origin for one in fitted.features if one.origin},
        "seed": seed,
        "fitting": {k: v for k, v in asdict(fitting).items() if k not in ("threads", "cluster")},
        "evidence": None if evidence is None else summary(evidence),
    }


def show(trained: Trained, console: Console, language: Language = "en") -> None:
    """Print what was trained and how it was judged."""
    words, card = say(language), trained.bundle.card
    name, evidence = card["pipeline"]["name"], card["evidence"]
    show_findings(name, card["audit"], console, language)
    if evidence is not None:
        days = ", ".join(one["origin"][:10] for one in evidence["origins"])
        dated = words("{}: said on {}, and what came").format(name, days)
        undated = words("{}: said of the last records, and what came").format(name)
        title = dated if trained.bundle.dated else undated
        show_evidence(title, evidence, console, language)
    serving = trained.bundle.serving[language]
    run = trained.run
    for line in (
        words("{} is champion.").format(trained.bundle.name),
        words("{}.").format(serving[0].upper() + serving[1:]),
        words("Recorded as MLflow run {}, {} {}.").format(run.run_id, run.model, run.version),
    ):
        tell(console, line)
