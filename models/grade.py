"""Score and grade: who is won in the end, as one number and one letter.

A score of 62 means: of 100 such deals 62 are won. The grade cuts the score where the pipeline's
settings say, so that it means the same in every bundle and in every week; it is not a rank.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.curve import Array

GRADES: Final = ("A", "B", "C", "D")
"""The best first. Each but the last begins at its cut."""


def score(p_won: Array) -> np.ndarray:
    """Return the probability of being won in the end in whole per cent, from 1 to 99, [n]."""
    return np.clip(np.rint(100 * p_won), 1, 99).astype(np.int64)


def grade(score: np.ndarray, cuts: Sequence[int]) -> np.ndarray:
    """Return the grade of scores, [n].

    Args:
        score: see `score`, [n].
        cuts: the lowest scores of A, B and C, falling: `Pipeline.grades`.
    """
    better = np.sum(score[:, None] < np.array(cuts), axis=1)
    letters: np.ndarray = np.array(GRADES)[better]
    return letters
