"""Requests that are scored together: each is answered as if it were alone."""

import json
from typing import Any

import pytest

from data.moments import DAY, iso
from data.settings import Settings
from serving.api.forms import ScoreRequest
from serving.api.scoring import Answered, Question, answer
from serving.champions import Champions
from tests import company

NOW = company.END


@pytest.fixture(scope="module")
def champions(company: Settings) -> Champions:
    return Champions(company.bundles)


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return company.records(company.history())


def question(records: list[dict[str, Any]], now: int = NOW, **asked: Any) -> Question:
    body = {"pipeline": company.NAME, "records": records, **asked}
    return Question(ScoreRequest.model_validate_json(json.dumps(body)), now)


def told(answer: Answered | Exception) -> Any:
    assert isinstance(answer, Answered), answer
    assert {one["deal_id"] for one in answer.said} == {
        score["deal_id"] for score in json.loads(answer.content)["scores"]
    }
    return json.loads(answer.content)


def test_each_is_answered_as_if_it_were_alone(
    champions: Champions, records: list[dict[str, Any]]
) -> None:
    """All call their deal the same, at moments of their own, and ask for different things."""
    named = [record | {"deal": record["deal"] | {"deal_id": "d"}} for record in records[:12]]
    asked: list[dict[str, Any]] = [
        {},
        {"reasons": True},
        {"trend": True},
        {"days_ahead": [3, 90]},
        {"won_by": ["2026-04-01", "2027-01-01"]},
        {"reasons": True, "trend": True, "days_ahead": [1]},
    ]
    questions = [
        question([record], NOW + place * DAY // 3, **asked[place % len(asked)])
        for place, record in enumerate(named)
    ]
    alone = [told(answer(champions, [one])[0]) for one in questions]
    together = [told(one) for one in answer(champions, questions)]
    assert [_rounded(one) for one in together] == [_rounded(one) for one in alone]
    assert len({one["scores"][0]["eventually"]["p_won"] for one in alone}) > 6


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, 10) if isinstance(value, float) else value


def test_what_one_tells_of_an_account_or_seller_is_not_told_to_another(
    champions: Champions, records: list[dict[str, Any]]
) -> None:
    def of(**told: Any) -> dict[str, Any]:
        deal = records[0]["deal"] | {"account_id": "new", "owner_id": "o1"}
        return {**records[0], "deal": deal, "account": None, **told}

    questions = [
        question([one])
        for one in (
            of(account={"name": "x", "industry": "steel", "employees": 9}),
            of(account={"name": "x", "industry": "software", "employees": 90_000}),
            of(),
            of(owner={"owner_id": "o1", "team": "another", "role": "SR"}),
        )
    ]
    alone = [told(answer(champions, [one])[0]) for one in questions]
    assert [told(one) for one in answer(champions, questions)] == alone


def test_what_is_wrong_with_one_harms_no_other(
    champions: Champions, records: list[dict[str, Any]]
) -> None:
    late = {"field": "amount", "at": "2026-02-01", "value": "much"}
    closed = records[2]["deal"] | {"outcome": "won", "closed_at": iso(NOW - DAY)}
    questions = [
        question(records[:2]),
        question([records[1], records[0] | {"changes": [late]}]),
        question([records[0], records[0]]),
        question([records[2] | {"deal": closed}]),
        question([records[3]], NOW - 900 * DAY),
        Question(question(records[:1]).request.model_copy(update={"pipeline": "none"}), NOW),
        question(records[4:6]),
    ]
    answers = answer(champions, questions)
    good = [told(answers[place]) for place in (0, 2, 6)]
    assert good == [told(answer(champions, [questions[place]])[0]) for place in (0, 2, 6)]
    fields = {1: "records.1.changes.value", 3: "records.0.deal", 4: "as_of", 5: "pipeline"}
    for place, field in fields.items():
        assert getattr(answers[place], "field", None) == field
