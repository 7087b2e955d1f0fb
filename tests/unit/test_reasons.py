"""Reasons: they add up, they keep still when a deal hardly changes, and sellers are left out."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models.curve import LOST, WON
from models.reasons import LEAST_SHARE, Explanation, effects, explain
from models.usual import Usual
from tests.company import bundled
from training.fit import Fitted


@pytest.fixture(scope="module")
def usual(fitted: Fitted) -> Usual:
    return Usual.learn(fitted.sample, fitted.features)


def explained(fitted: Fitted, usual: Usual, rows: pl.DataFrame, top: int = 3) -> list[Explanation]:
    return explain(fitted.model, fitted.features, usual, rows, 28, top)


def by_topic(fitted: Fitted, rows: pl.DataFrame) -> np.ndarray:
    """Sum effects over the features of each topic, [n, topics]."""
    topic = {feature.name: feature.topic for feature in fitted.features}
    topics = sorted(set(topic.values()))
    of = [topics.index(topic[name]) for name in fitted.model.encoder.names]
    return effects(fitted.model, rows, 28) @ np.eye(len(topics))[of]


def test_what_neither_trees_nor_lines_use_speaks_neither_way(fitted: Fitted) -> None:
    rows, model = fitted.sample.rows.tail(30), fitted.model
    found = effects(model, rows, 28)
    assert found.shape == (30, len(model.encoder.names))
    boosters = [one for bag in model.bags.values() for one in bag.boosters]
    used = sum(booster.feature_importance() for booster in boosters) > 0
    for line in (*model.won.lines, *model.lost.lines):
        used[line.design.source[line.weights != 0]] = True
    columns = np.flatnonzero(~used[: found.shape[1]])
    assert len(columns)
    assert (found[:, columns] == 0).all()


def test_effects_add_up_to_what_the_model_says(fitted: Fitted) -> None:
    """SHAP values and a base add up to the score (local accuracy, Lundberg & Lee 2017).

    So between two deals in one bin the effects' sums differ as the log-odds of won against lost.
    """
    model, rows = fitted.model, fitted.sample.rows.tail(60)
    codes, as_of = model.encoder.encode(rows), rows["as_of"].to_numpy()
    unfolded, number = model.ahead.unfold(codes, as_of)
    found = model.effects(unfolded, number).sum(axis=1).reshape(len(rows), -1)
    hazards = model.hazards(codes, as_of)
    odds = np.log(hazards[:, :, WON] / hazards[:, :, LOST])
    np.testing.assert_allclose(found - found[0], odds - odds[0], rtol=0, atol=1e-8)
    assert found.std(axis=0).min() > 0.01


def test_parts_are_the_sums_of_their_groups(fitted: Fitted, usual: Usual) -> None:
    rows = fitted.sample.rows.tail(10)
    groups = {f.name: "" if f.owner else f.group for f in fitted.features}
    columns = np.array([groups[name] for name in fitted.model.encoder.names])
    for effect, told in zip(
        effects(fitted.model, rows, 28), explained(fitted, usual, rows), strict=True
    ):
        assert list(told.parts) == ["engagement", "fit", "people", "process"]
        for group, part in told.parts.items():
            assert part == pytest.approx(effect[columns == group].sum(), abs=1e-12)


def test_a_topic_belongs_to_one_group(fitted: Fitted) -> None:
    """Otherwise the part that a reason stands under would not hold all of its effect."""
    groups: dict[str, set[str]] = {}
    for feature in fitted.features:
        groups.setdefault(feature.topic, set()).add(feature.group)
    assert all(len(found) == 1 for found in groups.values()), groups
    assert len(groups) < len(fitted.features)


def test_reasons_are_the_loudest_topics_on_either_side(fitted: Fitted, usual: Usual) -> None:
    rows = fitted.sample.rows.tail(40)
    sums = by_topic(fitted, rows)
    sides = set()
    for effect, told in zip(sums, explained(fitted, usual, rows, top=2), strict=True):
        loud = LEAST_SHARE * np.abs(effect).max()
        expected = [
            *sorted((e for e in effect if e >= loud), reverse=True)[:2],
            *sorted(e for e in effect if e <= -loud)[:2],
        ]
        found = [reason.effect for reason in told.reasons]
        assert found == pytest.approx(sorted(expected, key=abs, reverse=True), abs=1e-12)
        assert len({reason.topic for reason in told.reasons}) == len(found)
        sides |= {effect > 0 for effect in found}
    assert sides == {True, False}


def test_a_topic_is_told_by_a_feature_that_pulls_its_way(fitted: Fitted, usual: Usual) -> None:
    rows = fitted.sample.rows.tail(40)
    found = effects(fitted.model, rows, 28)
    topic = {feature.name: feature.topic for feature in fitted.features}
    names = fitted.model.encoder.names
    for effect, told in zip(found, explained(fitted, usual, rows), strict=True):
        for reason in told.reasons:
            assert topic[reason.feature] == reason.topic
            assert effect[names.index(reason.feature)] * reason.effect > 0


def test_a_deal_that_hardly_changes_keeps_its_reasons(fitted: Fitted, usual: Usual) -> None:
    """Every number but nought moves by a hundredth of its distance from the mean of all deals.

    A step of a tree may still lie between the two, so the law is one of rates.
    """
    rows = fitted.sample.rows.sample(300, seed=0)
    rng = np.random.default_rng(0)
    moved = rows.with_columns(
        pl.when(pl.col(name) == 0)
        .then(pl.col(name))
        .otherwise(
            pl.col(name)
            + (pl.col(name) - pl.col(name).mean()) * pl.Series(rng.choice([-0.01, 0.01], len(rows)))
        )
        for name in fitted.model.encoder.numbers
    )
    before, after = by_topic(fitted, rows), by_topic(fitted, moved)
    assert (before != after).any()
    shift = np.abs(before - after).max(axis=1) / np.abs(before).max(axis=1)
    assert np.quantile(shift, 0.9) < 0.15
    pairs = zip(explained(fitted, usual, rows), explained(fitted, usual, moved), strict=True)
    told = [[[reason.topic for reason in one.reasons] for one in pair] for pair in pairs]
    assert np.mean([a[0] == b[0] for a, b in told]) >= 0.95
    assert np.mean([set(a) == set(b) for a, b in told]) >= 0.9


def test_what_speaks_of_the_seller_is_left_out(fitted: Fitted, usual: Usual) -> None:
    rows = fitted.sample.rows.tail(20)
    loudest = explained(fitted, usual, rows)[0].reasons[0]
    of_seller = [
        replace(feature, owner=feature.topic == loudest.topic) for feature in fitted.features
    ]
    neutral = explain(fitted.model, of_seller, usual, rows, 28)
    assert all(r.topic != loudest.topic for told in neutral for r in told.reasons)
    told, before = neutral[0].parts, explained(fitted, usual, rows)[0].parts
    assert before[loudest.group] - told[loudest.group] == pytest.approx(loudest.effect, abs=1e-12)


def test_a_bundles_reasons_speak_of_its_middle_horizon(fitted: Fitted, usual: Usual) -> None:
    rows = fitted.sample.rows.tail(3)
    assert bundled(fitted).explain(rows) == explained(fitted, usual, rows)
