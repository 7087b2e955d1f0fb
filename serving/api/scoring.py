"""The scores of requests that came at the same time: one feature call, and each its own answer.

What is wrong with one request is told to that one, and the others are scored without it. All
requests of a pipeline that are answered together are answered by one bundle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

import polars as pl

from data.errors import BadInput, DealcastError
from data.moments import SECOND, iso, to_datetime
from serving import telemetry
from serving.api.deal_score import DealScore, tell
from serving.api.forms import ScoreAnswer, ScoreRequest
from serving.api.records import rows_of
from serving.api.together import Rows, Together, companies, key
from serving.api.vocabulary import check_fields, unseen_stages
from serving.champions import Champions
from serving.scorer import Scorer
from serving.scores import Scores

_TREND_DAYS: Final = 7.0


@dataclass(frozen=True)
class Question:
    """A request and the moment that it asks about (microseconds of UTC)."""

    request: ScoreRequest
    as_of: int

    @property
    def weight(self) -> int:
        """How many records it has."""
        return len(self.request.records)


def answer(champions: Champions, questions: Sequence[Question]) -> list[bytes | Exception]:
    """Answer questions in their order: JSON of `ScoreAnswer`, or what is wrong with it."""
    answers: dict[int, bytes | Exception] = {}
    places = sorted(range(len(questions)), key=lambda place: questions[place].request.pipeline)
    for name, group in groupby(places, key=lambda place: questions[place].request.pipeline):
        own = list(group)
        told = _of_pipeline(champions, name, [questions[place] for place in own])
        answers |= zip(own, told, strict=True)
    return [answers[place] for place in range(len(questions))]


def _of_pipeline(
    champions: Champions, name: str, questions: Sequence[Question]
) -> list[bytes | Exception]:
    try:
        scorer = champions.scorer(name)
    except DealcastError as error:
        return [error] * len(questions)
    answers: list[bytes | Exception] = []
    ready: dict[int, Rows] = {}
    for place, question in enumerate(questions):
        try:
            ready[place] = _laid_out(scorer, question)
            answers.append(b"")
        except DealcastError as error:
            answers.append(error)
    places = list(ready)
    for company in companies(list(ready.values())):
        own = [places[one] for one in company]
        told = _scored(scorer, [questions[one] for one in own], [ready[one] for one in own])
        for place, one in zip(own, told, strict=True):
            answers[place] = one
    return answers


def _laid_out(scorer: Scorer, question: Question) -> Rows:
    """Check what can be checked of a request by itself, and lay out its rows."""
    request, pipeline = question.request, scorer.bundle.pipeline
    _check_ahead(request.won_by, question.as_of)
    check_fields(request.records, pipeline)
    if not request.allow_later_bundle:
        scorer.check_honest(question.as_of)
    return rows_of(request.records, pipeline)


def _scored(
    scorer: Scorer, questions: Sequence[Question], rows: Sequence[Rows]
) -> list[bytes | Exception]:
    """Score requests together; should that fail, each by itself, so that one harms no other."""
    try:
        return _scored_at_once(scorer, questions, rows)
    except Exception as error:
        if len(questions) == 1:
            return [error]
        each = zip(questions, rows, strict=True)
        return [_scored(scorer, [one], [own])[0] for one, own in each]


def _scored_at_once(
    scorer: Scorer, questions: Sequence[Question], rows: Sequence[Rows]
) -> list[bytes | Exception]:
    bundle = scorer.bundle
    with telemetry.step("records"):
        together = Together.of(rows, bundle.pipeline, bundle.context.owners)
    scores = scorer.score_each(together.frames, _asked(questions, together.refused))
    _count(scorer, scores)
    with telemetry.step("tell"):
        told = _told(scorer, scores, questions)
        return [
            together.refused.get(place) or _answer(scorer, question, place, told)
            for place, question in enumerate(questions)
        ]


def _count(scorer: Scorer, scores: Scores) -> None:
    name = scorer.bundle.pipeline.name
    telemetry.gathered.observe(len(scores.rows))
    telemetry.bundle.labels(name, scorer.bundle.name).set(scorer.bundle.as_of / SECOND)
    for score in scores.graded()["score"]:
        telemetry.scores.labels(name).observe(score)


def _asked(questions: Sequence[Question], refused: dict[int, BadInput]) -> pl.DataFrame:
    """Return what `Scorer.score_each` wants of each deal that is asked about."""
    asked = {
        deal: (deal, one.as_of, one.request.reasons, one.request.trend)
        for place, one in enumerate(questions)
        if place not in refused
        for deal in (key(place, record.deal["deal_id"]) for record in one.request.records)
    }
    columns = {
        "deal_id": pl.String(),
        "as_of": pl.Int64(),
        "reasons": pl.Boolean(),
        "trend": pl.Boolean(),
    }
    frame = pl.DataFrame(list(asked.values()), schema=columns, orient="row")
    return frame.with_columns(trend_days=pl.when("trend").then(_TREND_DAYS)).drop("trend")


def _told(scorer: Scorer, scores: Scores, questions: Sequence[Question]) -> dict[str, DealScore]:
    """Tell the scores by the deals' keys; requests that ask alike are told at once."""
    place = scores.rows["deal_id"].str.extract(r"^(\d+)/", 1).cast(pl.Int64).to_numpy()
    alike: dict[tuple[tuple[int, ...], tuple[date, ...]], list[int]] = {}
    for number, question in enumerate(questions):
        days = tuple(question.request.days_ahead or scores.horizons_days)
        alike.setdefault((days, tuple(question.request.won_by)), []).append(number)
    told: dict[str, DealScore] = {}
    for (days, dates), members in alike.items():
        own = scores if len(alike) == 1 else scores.take(pl.Series(place).is_in(members).to_numpy())
        told |= tell(scorer, own, days, dates)
    return told


def _answer(
    scorer: Scorer, question: Question, place: int, told: dict[str, DealScore]
) -> bytes | BadInput:
    """Put the answer to one request together, under the ids that it gave."""
    scores = []
    for number, record in enumerate(question.request.records):
        score = told.get(key(place, record.deal["deal_id"]))
        if score is None:
            return _not_open(number, record.deal["deal_id"], question.as_of)
        score.deal_id = record.deal["deal_id"].strip()
        scores.append(score)
    warnings = unseen_stages(question.request.records, scorer.bundle)
    return ScoreAnswer(scores=scores, warnings=warnings).model_dump_json(by_alias=True).encode()


def _not_open(number: int, deal_id: str, as_of: int) -> BadInput:
    return BadInput(
        f"the deal is not open at {iso(as_of)}",
        field=f"records.{number}.deal",
        value=deal_id,
        allowed="a deal created and recorded by then, and not closed by then",
        remedy="leave it out, or ask as of another moment",
    )


def _check_ahead(dates: Sequence[date], as_of: int) -> None:
    today = to_datetime(as_of).date()
    for number, day in enumerate(dates):
        if day <= today:
            raise BadInput(
                "not a date to come",
                field=f"won_by.{number}",
                value=day.isoformat(),
                allowed=f"dates after {today.isoformat()}, the day of as_of in UTC",
                remedy="what came by then is in the records, not in the forecast",
            )
