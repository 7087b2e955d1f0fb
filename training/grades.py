"""What each grade meant: of the deals that were given it, how many were won."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from models.curve import WON
from models.grade import GRADES, grade, score
from training.backtest import Backtest
from training.metrics import Interval


@dataclass(frozen=True)
class Graded:
    """What one grade meant, over all origins.

    A score is of the end, so only closed deals can tell whether it held. Those still open are the
    slow ones; figures are honest where they are few.

    Attributes:
        grade: one of `GRADES`.
        deals: how many were given it.
        closed: how many of these had closed when the data ended.
        score: the mean score of the closed ones, in per cent; nan where there are none.
        won: the share of the closed ones that were won, in per cent.
    """

    grade: str
    deals: int
    closed: int
    score: float
    won: Interval


def _share(backtest: Backtest, groups: np.ndarray, won: np.ndarray) -> Interval:
    """Return the share won, in per cent.

    Where all or none were won every draw says the same, so Wilson's interval (1927) of as many
    accounts stands in.
    """
    drawn = backtest.draws.mean(groups, 100.0 * won)
    if not len(won) or 0.0 < drawn.mean < 100.0:
        return drawn
    accounts = len(np.unique(groups))
    ends = binomtest(accounts if won.all() else 0, accounts).proportion_ci(method="wilson")
    return Interval(drawn.mean, 100.0 * ends.low, 100.0 * ends.high)


def graded(backtest: Backtest) -> list[Graded]:
    """Look up what came of each grade, best first, as the pipeline's settings cut them."""
    origins = backtest.origins
    scores = [score(one.curves.won_by(np.inf)) for one in origins]
    given = [
        grade(said, one.fitted.pipeline.grades) for said, one in zip(scores, origins, strict=True)
    ]
    said, letters = np.concatenate(scores), np.concatenate(given)
    closed = np.concatenate([one.outcomes.days <= one.outcomes.seen for one in origins])
    won = np.concatenate([one.outcomes.cause == WON for one in origins])
    groups = np.concatenate([one.outcomes.groups for one in origins])

    def judged(letter: str) -> Graded:
        has = letters == letter
        rows = has & closed
        return Graded(
            letter,
            int(has.sum()),
            int(rows.sum()),
            float(said[rows].mean()) if rows.any() else np.nan,
            _share(backtest, groups[rows], won[rows]),
        )

    return [judged(letter) for letter in GRADES]
