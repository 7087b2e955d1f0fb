"""The scores of requests that came at the same time: one feature call, and each its own answer.

What is wrong with one request is told to that one, and the others are scored without it. All
requests of a pipeline that are answered together are answered by one bundle.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import numpy as np
import polars as pl
from msgspec.json import encode

from data.errors import BadInput, DealcastError
from data.moments import SECOND, iso
from data.pool import on_polars_thread
from serving import ledger, telemetry
from serving.api.deal_score import Document, tell
from serving.api.forms import TREND_DAYS, ScoreRequest, check_ahead
from serving.api.notices import less_than_nothing, stages_of, unseen_stages
from serving.api.together import Laid, Together, companies, key, own_id, place_of
from serving.api.vocabulary import check_fields
from serving.champions import Champions
from serving.scorer import ASKED, Scorer
from serving.scores import Scores


@dataclass(frozen=True)
class Question:
    """A request and the moment that it asks about (microseconds of UTC)."""

    request: ScoreRequest
    as_of: int

    @property
    def weight(self) -> int:
        """How many records it has."""
        return len(self.request.records)


@dataclass(frozen=True)
class Answered:
    """What a request is answered.

    Attributes:
        content: JSON of `ScoreAnswer`.
        said: what the ledger says of its scores, see `serving.ledger.entries`.
    """

    content: bytes
    said: list[ledger.Row]


def answer(champions: Champions, questions: Sequence[Question]) -> list[Answered | Exception]:
    """Answer questions in their order, each with its answer or with what is wrong with it."""
    answers: dict[int, Answered | Exception] = {}
    places = sorted(range(len(questions)), key=lambda place: questions[place].request.pipeline)
    for name, group in groupby(places, key=lambda place: questions[place].request.pipeline):
        own = list(group)
        told = _of_pipeline(champions, name, [questions[place] for place in own])
        answers |= zip(own, told, strict=True)
    return [answers[place] for place in range(len(questions))]


def _of_pipeline(
    champions: Champions, name: str, questions: Sequence[Question]
) -> list[Answered | Exception]:
    try:
        scorer = champions.scorer(name)
    except DealcastError as error:
        return [error] * len(questions)
    # the scorer is at hand: no lock is waited for from here on
    return on_polars_thread(lambda: _of_scorer(scorer, questions))


def _of_scorer(scorer: Scorer, questions: Sequence[Question]) -> list[Answered | Exception]:
    answers: dict[int, Answered | Exception] = {}
    ready: dict[int, Laid] = {}
    for place, question in enumerate(questions):
        try:
            ready[place] = _laid_out(scorer, question)
        except DealcastError as error:
            answers[place] = error
    places = list(ready)
    for company in companies(list(ready.values())):
        own = [places[one] for one in company]
        told = _scored(scorer, [questions[one] for one in own], [ready[one] for one in own])
        answers |= zip(own, told, strict=True)
    return [answers[place] for place in range(len(questions))]


def _laid_out(scorer: Scorer, question: Question) -> Laid:
    """Check what can be checked of a request by itself, and lay it out."""
    request, pipeline = question.request, scorer.bundle.pipeline
    check_ahead(request.won_by, question.as_of)
    check_fields(request.records, pipeline)
    if not request.allow_later_bundle:
        scorer.check_honest(question.as_of)
    return Laid.of(request.records, pipeline)


def _scored(
    scorer: Scorer, questions: Sequence[Question], laid: Sequence[Laid]
) -> list[Answered | Exception]:
    """Score requests together; should that fail, each by itself, so that one harms no other."""
    try:
        return _scored_at_once(scorer, questions, laid)
    except Exception as error:
        if len(questions) == 1:
            return [error]
        each = zip(questions, laid, strict=True)
        return [_scored(scorer, [one], [own])[0] for one, own in each]


def _scored_at_once(
    scorer: Scorer, questions: Sequence[Question], laid: Sequence[Laid]
) -> list[Answered | Exception]:
    bundle = scorer.bundle
    with telemetry.step("records"):
        together = Together.of(laid, bundle.pipeline, bundle.context.owners)
    asked = _asked(questions, together.refused)
    scores = scorer.score_each(together.frames, asked, crowd=len(questions) > 1)
    with telemetry.step("tell"):
        told = _told(scorer, scores, questions)
        said = {one["deal_id"]: one for one in ledger.entries(scorer, scores)}
        _count(scorer, said.values())
        return [
            together.refused.get(place) or _answer(scorer, question, place, told, said)
            for place, question in enumerate(questions)
        ]


def _count(scorer: Scorer, said: Collection[ledger.Row]) -> None:
    name = scorer.bundle.pipeline.name
    telemetry.gathered.observe(len(said))
    telemetry.bundle.labels(name, scorer.bundle.name).set(scorer.bundle.as_of / SECOND)
    for row in said:
        telemetry.scores.labels(name).observe(row["score"])


def _asked(questions: Sequence[Question], refused: dict[int, BadInput]) -> pl.DataFrame:
    """Return what `Scorer.score_each` wants of each deal that is asked about."""
    asked = {
        deal: (deal, one.as_of, one.request.reasons, TREND_DAYS if one.request.trend else None)
        for place, one in enumerate(questions)
        if place not in refused
        for deal in (key(place, record.deal.deal_id) for record in one.request.records)
    }
    return pl.DataFrame(list(asked.values()), schema=ASKED, orient="row")


def _told(scorer: Scorer, scores: Scores, questions: Sequence[Question]) -> dict[str, Document]:
    """Tell the scores by the deals' keys; requests that ask alike are told at once."""
    alike: dict[tuple[tuple[int, ...], tuple[date, ...]], list[int]] = {}
    for number, question in enumerate(questions):
        days = tuple(question.request.days_ahead or scores.horizons_days)
        alike.setdefault((days, tuple(question.request.won_by)), []).append(number)
    told: dict[str, Document] = {}
    for (days, dates), members in alike.items():
        own = scores if len(alike) == 1 else scores.take(_of(scores, members))
        told |= tell(scorer, own, days, dates)
    return told


def _of(scores: Scores, members: Sequence[int]) -> np.ndarray:
    """Say which scores are of some requests."""
    places = [place_of(deal) for deal in scores.rows["deal_id"]]
    return np.isin(places, members)


def _answer(
    scorer: Scorer,
    question: Question,
    place: int,
    told: dict[str, Document],
    said: dict[str, ledger.Row],
) -> Answered | BadInput:
    """Put the answer to one request together, under the ids that it gave."""
    scores, entries = [], {}
    for number, record in enumerate(question.request.records):
        known = key(place, record.deal.deal_id)
        own = own_id(known)
        if known not in told:
            return _not_open(number, own, question.as_of)
        scores.append(told[known] | {"deal_id": own})
        entries[own] = said[known] | {"deal_id": own}
    records = question.request.records
    warnings = unseen_stages(stages_of(records), scorer.bundle)
    warnings += less_than_nothing(records)
    answer = {"scores": scores, "warnings": [one.model_dump() for one in warnings]}
    return Answered(encode(answer), list(entries.values()))


def _not_open(number: int, deal_id: str, as_of: int) -> BadInput:
    return BadInput(
        f"the deal is not open at {iso(as_of)}",
        field=f"records.{number}.deal",
        value=deal_id,
        allowed="a deal created and recorded by then, and not closed by then",
        remedy="leave it out, or ask as of another moment",
    )
