"""The score of a deal in the words of the interface."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias

import numpy as np
from pydantic import BaseModel, Field

from data.moments import iso, iso_date
from models.reasons import Explanation
from serving.scorer import Scorer
from serving.scores import RANGE, Scores, days_until
from serving.told import Figure, figure, money

Document: TypeAlias = dict[str, Any]
"""What is told, fit for JSON: to make an object of each takes as long as to reckon all of it."""


class Chance(BaseModel):
    """What will have become of the deal by then; it is still open with what is left to 1.

    Null where timing is unknown: the pipeline's records have no dates.
    """

    days_ahead: int
    p_won: Figure | None
    p_lost: Figure | None


class ByDate(BaseModel):
    """The same by the end of a date (UTC)."""

    date: str
    p_won: float | None
    p_lost: float | None


class End(BaseModel):
    """What will have become of the deal in the end, whenever that is."""

    p_won: Figure
    p_lost: Figure


class Expected(BaseModel):
    """When something happens: median and 80 % range, UTC dates, at most a century ahead."""

    median: str
    earliest: str = Field(alias="from")
    latest: str = Field(alias="to")


class Why(BaseModel):
    """One reason: what speaks for the deal (effect above 0, in log-odds) or against it."""

    feature: str
    topic: str
    group: str
    effect: float
    zh: str
    en: str


class DealScore(BaseModel):
    """The score of one deal; it says by itself who scored what, as of when."""

    deal_id: str
    as_of: str
    pipeline: str
    bundle: str = Field(description="the name of the bundle that scored it")
    served_by: str = Field(description="model, or baseline where the model has no skill over it")
    stage: str | None
    timing: str = Field(description="dated, or unknown where the pipeline's records have no dates")
    score: int = Field(description="the chance to be won in the end in per cent, from 1 to 99")
    grade: str = Field(description="A, B, C or D: cuts of the score, the same for every bundle")
    trend: int | None = Field(
        description="the score less that of a week before, by the same bundle; null where the "
        "deal was not open then, or the trend was not asked for"
    )
    chances: list[Chance]
    won_by: list[ByDate] = Field(description="at the dates asked for")
    eventually: End
    expected_close: Expected | None = Field(
        description="when it is won, given that it is; null where there is no chance to win, or "
        "timing is unknown"
    )
    expected_end: Expected | None = Field(
        description="when it is won or lost; null where it never is, or timing is unknown"
    )
    amount_at_close: float | None = Field(
        description="what it is expected to bring, given that it is won; null without an amount"
    )
    parts: dict[str, float] | None = Field(
        description="what fit, engagement, process and people add to the log-odds of won against "
        "lost; null when reasons were not asked for, empty from a baseline"
    )
    reasons: list[Why] | None = Field(description="strongest first; null when not asked for")


def tell(
    scorer: Scorer, scores: Scores, days: Sequence[int], dates: Sequence[date]
) -> dict[str, Document]:
    """Say the scores in the words of the interface, by deal_id, each as `DealScore` describes."""
    bundle = scorer.bundle
    chances = _chances(scores, "days_ahead", {day: day for day in sorted(days)})
    ends = {day.isoformat(): days_until(day, scores.each) for day in sorted(dates)}
    by_date = _chances(scores, "date", ends)
    graded = scores.graded().hstack([scores.amount_at_close()["amount_at_close"]])
    frames = (graded, scores.eventually(), scores.closing(), scores.ending())
    whys: Sequence[Explanation | None] = scores.why or [None] * len(scores.rows)
    told = (frame.to_dicts() for frame in frames)
    stages, moments = scores.rows["stage"], scores.each.tolist()
    rows = zip(stages, moments, chances, by_date, *told, whys, strict=True)
    return {
        deal["deal_id"]: {
            "deal_id": deal["deal_id"],
            "as_of": iso(as_of),
            "pipeline": bundle.pipeline.name,
            "bundle": bundle.name,
            "served_by": bundle.serves,
            "stage": stage,
            "timing": bundle.timing,
            "score": deal["score"],
            "grade": deal["grade"],
            "trend": deal["trend"],
            "chances": ahead,
            "won_by": by,
            "eventually": chance(end["p_won"], end["p_lost"]),
            "expected_close": told_range("close", closing),
            "expected_end": told_range("end", ending),
            "amount_at_close": money(deal["amount_at_close"]),
            "parts": why and {name: figure(part) for name, part in why.parts.items()},
            "reasons": why and [vars(one) | {"effect": figure(one.effect)} for one in why.reasons],
        }
        for stage, as_of, ahead, by, deal, end, closing, ending, why in rows
    }


def _chances(scores: Scores, name: str, ahead: dict[Any, Any]) -> list[list[Document]]:
    """Say the chances of each deal at some places, each so many days ahead; nan is null in JSON."""
    if not ahead:
        return [[] for _ in range(len(scores.rows))]
    days = np.stack([np.broadcast_to(one, len(scores.rows)) for one in ahead.values()])
    return [
        [{name: place} | chance(won, lost) for place, (won, lost) in zip(ahead, pairs, strict=True)]
        for pairs in scores.pairs(days)
    ]


def chance(won: float | None, lost: float | None) -> Document:
    """Say the chances to be won and to be lost."""
    return {"p_won": figure(won), "p_lost": figure(lost)}


def told_range(name: str, moments: dict[str, Any]) -> dict[str, str] | None:
    """Say the moments <name>_median, <name>_from and <name>_to as `Expected` dates."""
    if moments[f"{name}_median"] is None:
        return None
    return {end: iso_date(moments[f"{name}_{end}"]) for end in RANGE}
