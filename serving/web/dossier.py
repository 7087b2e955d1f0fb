"""All that is known of one deal, and what is said of it: read from this deal's rows alone."""

import math
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from data.contract import Pipeline
from data.errors import DealcastError, NotFound
from data.live import read_deals
from data.tables import Tables, collect, load_pipeline
from features.held import held
from models.curve import Curves
from models.reasons import Explanation
from serving import ledger
from serving.access.reach import EVERYTHING
from serving.insights.what_if import Supposed, supposals, supposed
from serving.scorer import Scorer
from serving.scores import Scores
from serving.web.frame import Frame

_TREND_DAYS: Final = 7.0
_SCORES: Final = 500
_REASONS: Final = 8
"""For and against, at most so many each."""


@dataclass(frozen=True)
class Said:
    """What a bundle says of an open deal.

    Attributes:
        scores: of this deal alone.
        members: its curves by each member of the model; none of a baseline.
        why: the parts of the score, and reasons.
        graded: score, grade and trend.
        closing: close_median, close_from and close_to, as moments.
        amount_at_close: what it brings, given that it is won.
        changes: what a fact more would make of the chance: the fact, and the chance with it.
        horizon_days: how far ahead those chances look; infinite where timing is unknown.
        chance: the same of the deal as it is.
    """

    scores: Scores
    members: list[Curves]
    why: Explanation
    graded: dict[str, Any]
    closing: dict[str, Any]
    amount_at_close: float | None
    changes: list[tuple[Supposed, float]]
    horizon_days: float
    chance: float

    @property
    def curves(self) -> Curves:
        """The deal's curves, [1]."""
        return self.scores.curves


@dataclass(frozen=True)
class Dossier:
    """One deal.

    Attributes:
        pipeline: its settings.
        tables: this deal's rows, as known now.
        deal: its row of `deals`.
        now: stage, owner_id and amount as they stand.
        account: of its customer, where that is known.
        owner: its seller, where that is known.
        scores: what the ledger has of it, the newest rows first.
        said: None of a closed deal, and where nothing can score it.
    """

    pipeline: Pipeline
    tables: Tables
    deal: dict[str, Any]
    now: dict[str, Any]
    account: dict[str, Any]
    owner: dict[str, Any]
    scores: list[dict[str, Any]]
    said: Said | None

    def last(self, field: str) -> dict[str, Any]:
        """Return the last change of a tracked field, empty where it never had a value."""
        changes = collect(self.tables.changes).filter(pl.col("field") == field)
        found = changes.sort("at", "recorded_at", "seq").tail(1).to_dicts()
        return found[0] if found else {}


def read(frame: Frame, pipeline: str, deal_id: str) -> Dossier:
    """Read a deal within the viewer's reach.

    Raises:
        NotFound: there is no such deal, or it is out of reach; which of these is not told.
    """
    engine, as_of = frame.service.engine, frame.formats.now
    settings = load_pipeline(engine, pipeline)
    with engine.connect() as connection:
        tables = read_deals(connection, settings, [deal_id]).known_by(as_of)
    deal = _one(collect(tables.deals), "deal_id", deal_id)
    now = _one(held(tables), "deal_id", deal_id)
    owner = _one(collect(tables.owners), "owner_id", now.get("owner_id"))
    if not deal or not frame.viewer.reach.covers(now.get("owner_id"), owner.get("team")):
        raise NotFound("no such deal", field="deal", value=deal_id, remedy="look for it in Deals")
    with engine.connect() as connection:
        asked = ledger.Asked(pipeline=pipeline, deal_id=deal_id)
        scores = ledger.find(connection, asked, EVERYTHING, None, _SCORES)
    account = _one(collect(tables.accounts), "account_id", deal["account_id"])
    scorer = _scorer(frame, pipeline) if deal["outcome"] == "open" else None
    said = None
    if scorer is not None:
        said = _said(scorer, tables, settings, deal_id, now.get("stage"), as_of)
    return Dossier(settings, tables, deal, now, account, owner, scores, said)


def _one(frame: pl.DataFrame, key: str, value: object) -> dict[str, Any]:
    found = frame.filter(pl.col(key) == pl.lit(value, pl.String)).to_dicts()
    return found[0] if found else {}


def _scorer(frame: Frame, pipeline: str) -> Scorer | None:
    try:
        return frame.service.champions.scorer(pipeline)
    except DealcastError:
        return None


def _said(
    scorer: Scorer, tables: Tables, pipeline: Pipeline, deal_id: str, stage: str | None, as_of: int
) -> Said | None:
    bundle = scorer.bundle
    if as_of < bundle.as_of:  # a clock that went back, or a bundle from a later moment
        return None
    facts = supposals(tables, pipeline, stage, as_of)
    also, ids = supposed(tables, pipeline, deal_id, facts)
    every = scorer.score(also, as_of, trend_days=_TREND_DAYS)
    if deal_id not in every.rows["deal_id"]:
        return None
    days = every.horizons_days[len(every.horizons_days) // 2] if bundle.dated else math.inf
    chances = dict(zip(every.rows["deal_id"], every.curves.won_by(days).tolist(), strict=True))
    scores = every.take((every.rows["deal_id"] == deal_id).to_numpy())
    changes = [(fact, chances[one]) for one, fact in zip(ids[1:], facts, strict=True)]
    return Said(
        scores=scores,
        members=bundle.spread(scores.rows, scorer.threads),
        why=bundle.explain(scores.rows, scorer.threads, _REASONS)[0],
        graded=scores.graded().row(0, named=True),
        closing=scores.closing().row(0, named=True),
        amount_at_close=scores.amount_at_close()["amount_at_close"][0],
        changes=sorted(changes, key=lambda one: -one[1]),
        horizon_days=days,
        chance=chances[ids[0]],
    )


def weeks_ahead(curves: Curves, most_days: float) -> list[float]:
    """Return the days at which a picture reads a curve: its edges, and where it is cut."""
    inner = [float(edge) for edge in curves.edges if edge < most_days]
    return [*inner, most_days]
