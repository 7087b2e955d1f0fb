"""The line: weights as an independent solver finds them, and nothing that differs does without."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.boosting import Columns
from models.curve import Array
from models.line import Design, Line
from models.parts import Parted

ROWS = 3_000


def rows_and_target(rng: np.random.Generator) -> tuple[Array, Array]:
    """Two numbers, one with gaps, a constant, and a word of three."""
    numbers = rng.normal(0, 3, size=(ROWS, 2))
    numbers[rng.random(ROWS) < 0.2, 1] = np.nan
    word = rng.integers(0, 3, ROWS).astype(float)
    rows = np.column_stack([numbers, np.full(ROWS, 7.0), word])
    odds = 0.5 * numbers[:, 0] + np.nan_to_num(numbers[:, 1], nan=-1.0) + word - 3.0
    return rows, (rng.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(float)


def fitted(rows: Array, target: Array, directions: list[int]) -> Line:
    rng = np.random.default_rng(0)
    line, _ = Line.cross_fit(
        Parted(lambda at: rows[at], np.arange(len(rows)) % 2, np.arange(len(rows))),
        target,
        Columns(categories=[3], directions=directions),
        range(4),
        2,
        rng,
    )
    return line


def test_weights_are_those_of_an_independent_solver() -> None:
    """scikit-learn's LogisticRegression with C = 1 / (2 x 50), fitted on the same columns."""
    rows, target = rows_and_target(np.random.default_rng(1))
    line = fitted(rows, target, [0, 0, 0, 0])
    odds = []
    for one in (0, 1):
        others = np.arange(ROWS) % 2 != one
        columns = line.design.of(rows)
        peer = LogisticRegression(C=0.01, tol=1e-10, max_iter=1000)
        peer.fit(columns[others], target[others])
        odds.append(peer.decision_function(columns))
    np.testing.assert_allclose(line.predict(rows), np.mean(odds, axis=0), rtol=0, atol=1e-4)


def test_a_column_of_one_value_has_no_weight() -> None:
    design = Design.learn(rows_and_target(np.random.default_rng(2))[0], [3], range(4))
    assert design.numbers == (0, 1)
    assert design.gaps == (1,)
    assert design.source.tolist() == [0, 1, 1, 3, 3, 3]


def test_a_line_sees_the_columns_of_its_view_alone() -> None:
    rows = rows_and_target(np.random.default_rng(2))[0]
    assert Design.learn(rows, [3], [1]).source.tolist() == [1, 1]
    assert Design.learn(rows, [3], [2, 3]).source.tolist() == [3, 3, 3]


def test_effects_and_the_intercept_add_up() -> None:
    rows, target = rows_and_target(np.random.default_rng(3))
    line = fitted(rows, target, [0, 0, 0, 0])
    told = line.intercept + line.effects(rows).sum(axis=1)
    np.testing.assert_allclose(told, line.predict(rows), rtol=0, atol=1e-9)


def test_a_weight_against_its_direction_is_none() -> None:
    rows, target = rows_and_target(np.random.default_rng(4))
    line = fitted(rows, target, [-1, 1, 0, 0])
    moved = rows + np.array([1.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(line.predict(moved), line.predict(rows), rtol=0, atol=1e-12)
    free = fitted(rows, target, [0, 0, 0, 0])
    assert (free.predict(moved) > free.predict(rows)).all()


@pytest.mark.parametrize("still", [0, 1, 2, 3])
def test_what_a_run_of_rows_shares_adds_what_it_adds_to_each(still: int) -> None:
    rows, target = rows_and_target(np.random.default_rng(6))
    line = fitted(rows, target, [0, 0, 0, 0])
    rows[:, :still] = np.repeat(rows[::10, :still], 10, axis=0)
    in_runs = line.predict(rows, still, alike=10)
    np.testing.assert_allclose(in_runs, line.predict(rows), rtol=0, atol=1e-12)


def test_it_is_read_back_as_it_was_written() -> None:
    rows, target = rows_and_target(np.random.default_rng(5))
    line = fitted(rows, target, [0, 0, 0, 0])
    again = Line.from_dict(json.loads(json.dumps(line.to_dict())))
    assert (again.predict(rows) == line.predict(rows)).all()
    unseen = np.array([[np.nan, 1e9, 0.0, 99.0]])
    assert again.predict(unseen) == pytest.approx(line.predict(unseen))
