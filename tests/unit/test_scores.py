"""What is read off the curves, in the words of lists and calls."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from data.moments import DAY, parse_moment, to_datetime
from models.curve import Curves
from serving.scores import Scores, days_until

AS_OF = parse_moment("2026-02-02T18:00:00Z")
CUTS = (60, 35, 15)


def scores_of(curves: Curves) -> Scores:
    rows = pl.DataFrame({"deal_id": [f"d{i}" for i in range(len(curves))]})
    return Scores(rows, curves, AS_OF, (7,), CUTS, np.full(len(curves), 5.0))


def constant(won: float, lost: float, width: float = 7.0) -> Curves:
    """Return the curve of constant hazards a bin: everything is known of it in closed form."""
    return Curves.from_hazards(np.array([0.0, width]), np.array([[won]]), np.array([[lost]]))


def test_score_grade_end_and_dates_are_those_of_a_constant_hazard() -> None:
    told = scores_of(constant(0.1, 0.3))
    assert told.graded().row(0) == ("d0", 25, "C", None)
    assert told.eventually().row(0) == ("d0", pytest.approx(0.25), pytest.approx(0.75))
    # half are closed when .6 ** (days / 7) = .5, won or lost alike
    median = 7 * np.log(0.5) / np.log(0.6)
    (_, closes, _, _), (_, ends, _, _) = told.closing().row(0), told.ending().row(0)
    assert (ends - AS_OF) / DAY == pytest.approx(median, rel=1e-9)
    assert closes == ends


def test_a_date_is_read_when_it_is_over() -> None:
    ahead = [[days_until(day, AS_OF)] for day in (date(2026, 2, 3), date(2026, 2, 9))]
    ((third, ninth),) = scores_of(constant(0.1, 0.3)).pairs(np.array(ahead))
    # six hours of the second are left and a day of the third; a bin of a week is even
    assert third[0] == pytest.approx(0.1 * 30 / (7 * 24))
    assert ninth[0] == pytest.approx(0.1 + 0.6 * 0.25 * (1 - 0.6 ** (6 / (7 * 24))))


def test_what_takes_ages_is_told_as_a_century() -> None:
    far = to_datetime(AS_OF).replace(year=2126)
    slow = scores_of(constant(1e-9, 1e-9))
    for frame in (slow.closing(), slow.ending()):
        assert {to_datetime(moment).year for moment in frame.row(0)[1:]} == {far.year}


def test_without_dates_only_the_end_is_told() -> None:
    told = scores_of(Curves.undated(np.array([0.7, 0.0])))
    assert told.graded().rows() == [("d0", 70, "A", None), ("d1", 1, "D", None)]
    assert told.eventually()["p_won"].to_list() == [0.7, 0.0]
    for frame in (told.closing(), told.ending(), told.at([7])):
        empty = [column for column in frame.columns if column.startswith(("p_", "close_", "end_"))]
        assert frame.select(pl.col(empty).is_null().all()).row(0) == (True,) * len(empty)
        assert empty
    assert np.isnan(told.pairs(np.array([[7.0]]))).all()


def test_what_is_never_won_has_an_end_and_no_close() -> None:
    told = scores_of(constant(0.0, 0.3))
    assert told.closing().row(0) == ("d0", None, None, None)
    assert None not in told.ending().row(0)


def test_the_trend_is_of_scores_as_they_are_told() -> None:
    """One deal rose from 20 to 25 as told, and the other was not open."""
    curves = Curves.undated(np.array([0.2541, 0.9]))
    earlier = pl.DataFrame({"deal_id": ["d0"], "p_won": [0.1951]})
    told = replace(scores_of(curves), earlier=earlier).graded()
    assert told["trend"].to_list() == [5, None]
