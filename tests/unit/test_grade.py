"""Score and grade: calibrated by definition, coherent with the curve, and never a rank."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError

from data.contract import Pipeline
from data.errors import BadInput
from data.mapping import parse_mapping
from models.grade import GRADES, grade, score

CUTS = Pipeline(name="p").grades
chances = hnp.arrays(float, st.integers(0, 20), elements=st.floats(0, 1))
cuts = st.lists(st.integers(2, 99), min_size=3, max_size=3, unique=True).map(
    lambda drawn: tuple(sorted(drawn, reverse=True))
)


def test_a_score_is_the_chance_in_per_cent_and_never_sure() -> None:
    p_won = np.array([0.0, 0.004, 0.01, 0.344, 0.346, 0.621, 0.99, 0.996, 1.0])
    assert score(p_won).tolist() == [1, 1, 1, 34, 35, 62, 99, 99, 99]


def test_a_grade_begins_at_its_cut() -> None:
    said = np.array([99, 60, 59, 35, 34, 15, 14, 1])
    assert grade(said, CUTS).tolist() == ["A", "A", "B", "B", "C", "C", "D", "D"]


@given(chances, cuts)
def test_who_has_the_better_grade_has_the_better_chance(
    p_won: np.ndarray, cuts: tuple[int, int, int]
) -> None:
    place = [GRADES.index(letter) for letter in grade(score(p_won), cuts)]
    order = np.argsort(p_won)
    assert (np.diff(np.array(place, dtype=int)[order]) <= 0).all()


@given(chances, chances)
def test_a_deals_score_does_not_depend_on_the_others(one: np.ndarray, other: np.ndarray) -> None:
    together = score(np.concatenate([one, other]))
    assert together.tolist() == [*score(one), *score(other)]


@pytest.mark.parametrize("wrong", [(35, 60, 15), (60, 60, 15), (100, 35, 15), (60, 35, 1)])
def test_cuts_that_leave_a_grade_empty_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValidationError, match="three numbers, falling, in 2 to 99"):
        Pipeline(name="p", grades=wrong)


def test_a_mapping_with_wrong_cuts_says_which() -> None:
    with pytest.raises(BadInput, match=r"at pipeline\.grades; .*the lowest scores of A, B and C"):
        parse_mapping("kind: canonical\npipeline: {grades: [15, 35, 60]}")
