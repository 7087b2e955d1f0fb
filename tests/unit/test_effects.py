"""The picture of effects: a fact that some deals do not have yet is shown as one of its values."""

from types import SimpleNamespace
from typing import Any, cast

import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from features.catalogue import Feature
from training.backtest import Origin
from training.effects import _effect
from training.fit import Fitted
from training.phrases import say


def drawn(fitted: Fitted, feature: Feature, rows: pl.DataFrame) -> Axes:
    origin = SimpleNamespace(fitted=fitted, outcomes=SimpleNamespace(rows=rows))
    axes = Figure().subplots()
    _effect(axes, cast(Origin, origin), feature, 28, say("en"))
    return axes


def named(fitted: Fitted, name: str) -> Feature:
    return next(one for one in fitted.features if one.name == name)


def test_none_yet_stands_beside_the_numbers(fitted: Fitted) -> None:
    rows = fitted.sample.rows.tail(80)
    feature = named(fitted, "since_stage:close")
    assert 0 < rows[feature.name].null_count() < len(rows)
    axes: Any = drawn(fitted, feature, rows)
    (text,) = axes.get_legend().get_texts()
    assert text.get_text() == "none yet"
    without = rows.drop_nulls(feature.name).with_columns(
        pl.lit(None, pl.Float64).alias(feature.name)
    )
    expected = fitted.model.curves(without).won_by(28).mean()  # type: ignore[union-attr]
    line = axes.get_lines()[-1]
    assert line.get_ydata()[0] == pytest.approx(expected, abs=1e-12)


def test_a_fact_that_every_deal_has_is_never_none_yet(fitted: Fitted) -> None:
    assert drawn(fitted, named(fitted, "age"), fitted.sample.rows.tail(80)).get_legend() is None


def test_none_yet_is_a_word_among_words(fitted: Fitted) -> None:
    rows = fitted.sample.rows.tail(80).with_row_index("n")
    some = rows.with_columns(stage=pl.when(pl.col("n") > 20).then("stage")).drop("n")
    labels = drawn(fitted, named(fitted, "stage"), some).get_xticklabels()
    assert [label.get_text() for label in labels][-1] == "none yet"
