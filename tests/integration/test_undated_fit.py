"""What a record without dates may know: nothing of its own end, nor of the others'."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from data.contract import Attribute, Pipeline
from data.errors import NotReady
from data.records import normalise
from data.tables import Tables, lazy_tables
from models.boosting import Settings
from models.win import WinModel
from tests import leads
from training.backtest import Backtest, backtest, late_origin
from training.fit import Fitted, fit
from training.phrases import Language
from training.report import render
from training.summary import summary

PIPELINE = Pipeline(
    name="leads",
    dated=False,
    attributes={"visits": Attribute(type="number", policy="fixed"), "call": Attribute()},
)
SMALL = Settings(folds=2)
OUTCOMES = {"bought": "won", "gave up": "lost", "": "open"}
LATE = 10**12


def tables(frame: pl.DataFrame) -> Tables:
    deals = frame.select(
        "visits",
        "call",
        "source",
        deal_id="id",
        created_at="number",
        outcome=pl.col("state").replace_strict(OUTCOMES),
        amount="worth",
    )
    return lazy_tables(normalise({"deals": deals}, PIPELINE).frames, PIPELINE)


def fitted(frame: pl.DataFrame) -> Fitted:
    return fit(tables(frame), PIPELINE, LATE, SMALL, seed=0)


def test_no_outcome_enters_a_feature() -> None:
    frame = leads.frame()
    other = {"bought": "gave up", "gave up": "bought", "": ""}
    turned = frame.with_columns(pl.col("state").replace(other))
    assert_frame_equal(fitted(turned).sample.rows, fitted(frame).sample.rows)


def test_open_records_teach_nothing() -> None:
    frame = leads.frame()
    closed = fitted(frame.filter(pl.col("state") != ""))
    ours, theirs = fitted(frame), closed
    assert isinstance(ours.model, WinModel)
    assert isinstance(theirs.model, WinModel)
    rows = ours.sample.rows
    assert (ours.model.curves(rows).won == theirs.model.curves(rows).won).all()
    assert (ours.baseline.won == theirs.baseline.won).all()


def test_nothing_is_counted_in_days_and_no_closings_are() -> None:
    features = fitted(leads.frame()).features
    assert {"visits", "source", "amount"} <= {feature.name for feature in features}
    assert not [feature.name for feature in features if feature.unit == "days"]
    assert "call" not in {feature.name for feature in features}  # its policy is final
    rows = fitted(leads.frame()).sample.rows
    assert rows["source_record"].n_unique() == 1


def test_the_last_fifth_is_judged_by_what_came_before_it() -> None:
    frame = leads.frame()
    at = late_origin(tables(frame), PIPELINE, ())
    origin = backtest(tables(frame), PIPELINE, at, SMALL, seed=0)
    closed = frame.filter(pl.col("state") != "")
    assert (
        sorted(origin.outcomes.rows["deal_id"])
        == closed.filter(pl.col("number") > at)["id"].to_list()
    )
    assert len(origin.outcomes) == pytest.approx(len(closed) / 5, abs=1)
    shuffled = frame.with_columns(
        pl.when(pl.col("number") > at)
        .then(pl.col("state").replace({"bought": "gave up", "gave up": "bought"}))
        .otherwise("state")
        .alias("state")
    )
    again = backtest(tables(shuffled), PIPELINE, at, SMALL, seed=0)
    assert (again.curves.won == origin.curves.won).all()
    told = summary(Backtest([origin]))
    assert told["dates"] == {"won": None, "closed": None}
    assert told["log_loss_saved"] == pytest.approx(told["log_loss_saved_at_who"], abs=1e-9)


def test_a_few_records_have_a_baseline_and_no_evidence() -> None:
    frame = leads.frame(70)
    assert fitted(frame).model is None
    with pytest.raises(NotReady, match=r"too little history to train on: \d+ deals won"):
        backtest(tables(frame), PIPELINE, 1_100, SMALL, seed=0)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_of_the_end_names_no_days(language: Language) -> None:
    frame = leads.frame()
    at = late_origin(tables(frame), PIPELINE, ())
    origin = backtest(tables(frame), PIPELINE, at, SMALL, seed=0)
    page = render(Backtest([origin]), [], language)
    assert "None" not in page
    assert "1970" not in page
    assert f"{at} " in page if language == "en" else f"{at}及之前" in page
    assert summary(Backtest([origin]))["origins"][0]["origin"] == str(at)
    assert ("最终预计赢单" if language == "zh" else "In the end") in page
