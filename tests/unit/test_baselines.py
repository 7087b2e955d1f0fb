"""What people go by today: each says what its formula says, and is silent where it cannot."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from data.errors import NotReady
from features.context import Context
from models.baselines import fit_others
from models.baselines.checklist import ChecklistRule, Rule
from models.baselines.commit import SellerCommit
from models.baselines.naive_bayes import NaiveBayes
from models.baselines.stage_rate import StageRate
from models.curve import LOST, WON
from models.sample import Sample
from training.fit import Fitted

EDGES = np.array([0.0, 7.0, 14.0, 28.0])
NEVER = np.inf


def sample(days: list[float], cause: list[int], seen: float = 100.0, **columns: object) -> Sample:
    n = len(days)
    rows = pl.DataFrame({"deal_id": [f"d{i}" for i in range(n)], "as_of": [0] * n, **columns})
    return Sample(rows, np.array(days), np.array(cause), np.full(n, seen), np.arange(n))


def eventual(curves: object) -> list[float]:
    return curves.won_by(np.inf).tolist()  # type: ignore[attr-defined,no-any-return]


def test_stage_rates_are_shares_of_closed_deals() -> None:
    past = sample(
        [1, 2, 3, 4, NEVER, 200],  # the last closes later than is known by now
        [WON, LOST, LOST, WON, 0, WON],
        stage=["early", "early", "early", "late", "late", None],
        amount=[None] * 6,
    )
    rates = StageRate.fit(past)
    rows = pl.DataFrame(
        {"stage": ["early", "late", "new", None], "amount": [300.0, 50.0, 10.0, None]}
    )
    assert eventual(rates.curves(rows)) == pytest.approx([1 / 3, 1, 1 / 2, 1 / 2])
    assert rates.bookings(rows).tolist() == pytest.approx([100, 50, 5, 0])
    with pytest.raises(NotReady, match="no deal is closed"):
        StageRate.fit(replace(past, seen=np.zeros(6)))


def test_lead_scoring_takes_each_closed_deal_once_as_it_last_stood() -> None:
    columns = {"stage": ["a", "b", "a", "a"], "source": ["x", "x", "y", "x"], "product": [None] * 4}
    past = sample([9, 2, 3, NEVER], [WON, WON, LOST, 0], **columns)
    rows = past.rows.with_columns(
        pl.col("product").cast(pl.String),
        deal_id=pl.Series(["d0", "d0", "d1", "d2"]),
        as_of=pl.Series([0, 7, 0, 0]),
    )
    bayes = NaiveBayes.fit(replace(past, rows=rows), Context(("a", "b"), (), ()))
    cells = bayes.scoring.frequencies.filter(pl.col("team").is_null()).drop("team")
    assert sorted(cells.rows()) == [
        ("source", "x", 1.1, 0.1),
        ("source", "y", 0.1, 1.1),
        ("stage", "a", 1.1, 1.1),
        ("stage", "b", 1.1, 0.1),
    ]
    # S_won = 1/2 · 1.1/1.1 · 1.1/1.2 for the won deal as it stood at first, S_lost = … · 0.1/1.2
    assert eventual(bayes.curves(rows))[0] == pytest.approx(0.9167, abs=1e-9)
    with pytest.raises(NotReady, match="none is lost"):
        NaiveBayes.fit(replace(past, rows=rows, cause=np.full(4, WON)), Context(("a",), (), ()))


def checklists(**changes: list[int]) -> dict[str, list[int]]:
    return {
        "confirmed": [8, 9, 7, 8, 8],
        "failed": [1, 0, 0, 2, 0],
        "waiting": [0, 0, 0, 0, 1],
        **changes,
    }


def test_the_checklist_rule_has_the_rates_that_came() -> None:
    past = sample([1, 2, 3, 4, 5], [WON, LOST, WON, LOST, LOST], **checklists())
    assert Rule().met(past.rows).tolist() == [True, True, False, False, False]
    found = ChecklistRule.fit(past)
    assert (found.rate_met, found.rate_not_met, found.rule.win_rate) == (1 / 2, 1 / 3, 0.6)
    assert eventual(found.curves(past.rows)) == pytest.approx([1 / 2, 1 / 2, *[1 / 3] * 3])
    softer = ChecklistRule.fit(past, Rule(confirmed=7, failed=2, waiting=0))
    assert (softer.rate_met, softer.rate_not_met) == (2 / 4, 0.0)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (checklists(confirmed=[0] * 5, failed=[0] * 5, waiting=[0] * 5), "no checklist"),
        (checklists(confirmed=[1] * 5), "one side"),
    ],
)
def test_without_a_checklist_its_rule_is_silent(columns: dict[str, list[int]], reason: str) -> None:
    with pytest.raises(NotReady, match=reason):
        ChecklistRule.fit(sample([1.0] * 5, [WON] * 5, **columns))


def test_a_seller_is_taken_at_the_word_for_the_date_and_at_the_record_for_the_rate() -> None:
    past = sample(
        [5, 12, 3, 30, 4, 2, 9],
        [WON, WON, LOST, WON, LOST, WON, WON],
        commit=["sure", "sure", "sure", "sure", "maybe", None, "sure"],
        # in time, late, in time, late, in time, in time; the last date had passed when stated
        to_stated_close=[10.0, 10.0, 10.0, 10.0, 7.0, 7.0, -1.0],
    )
    rows = pl.DataFrame(
        {
            "commit": ["sure", "sure", "maybe", None, "new", "sure"],
            "to_stated_close": [14.0, 14.1, -3.0, 99.0, 1.0, None],
        }
    )
    curves = SellerCommit.fit(past, EDGES).curves(rows)
    none = [0, 0, 0, 0]
    assert curves.won.tolist() == pytest.approx(
        np.array([[0, 0, 1 / 4, 1 / 4], [0, 0, 0, 1 / 4], none, none, [0, *[1 / 3] * 3], none])
    )
    assert curves.lost.tolist() == pytest.approx(
        np.array(
            [[0, 0, 1 / 4, 1 / 4], [0, 0, 0, 1 / 4], [0, 1, 1, 1], none, [0, *[1 / 3] * 3], none]
        )
    )


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"to_stated_close": [1.0]}, "no commit"),
        ({"to_stated_close": [1.0], "commit": [None]}, "no commit"),
        ({"to_stated_close": [200.0], "commit": ["sure"]}, "no stated close date has come"),
        ({"to_stated_close": [None], "commit": ["sure"]}, "no stated close date has come"),
    ],
)
def test_without_commit_or_date_the_seller_is_silent(
    columns: dict[str, object], reason: str
) -> None:
    past = sample([1.0], [WON], **columns)
    rows = past.rows.with_columns(pl.col("to_stated_close").cast(pl.Float64))
    with pytest.raises(NotReady, match=reason):
        SellerCommit.fit(replace(past, rows=rows), EDGES)


def test_all_that_can_speak_of_a_pipeline_do_and_the_others_say_why_not(fitted: Fitted) -> None:
    speaking, silent = fit_others(fitted.sample, fitted.context, fitted.model.edges)
    assert list(speaking) == ["stage_rate", "naive_bayes"]
    assert silent == {
        "checklist": "the pipeline has no checklist",
        "commit": "sellers state no commit",
    }
    for baseline in speaking.values():
        curves = baseline.curves(fitted.sample.rows.tail(20))
        assert not curves.dated
        np.testing.assert_allclose(curves.at(np.inf).sum(axis=1), 1.0, rtol=0, atol=1e-12)
        assert 0 < curves.won_by(np.inf).min() < curves.won_by(np.inf).max() < 1
