"""Rows of deals ahead: clocks go on to the bin, and what they add is told of their fact."""

import numpy as np

from data.moments import DAY
from features.catalogue import Feature
from features.encoder import Encoder
from models.ahead import Ahead
from models.calendar import NAMES, bin_codes

EDGES = np.array([0.0, 7.0, 28.0, 91.0])
FEATURES = [
    Feature("age", "年龄", "age", "days", "process", clock=1),
    Feature("calls", "电话", "calls", "count", "engagement"),
    Feature("left", "余日", "days left", "days", "process", clock=-1),
]
ENCODER = Encoder(("age", "calls", "left"), {})
AHEAD = Ahead.of(ENCODER, FEATURES, EDGES, "weekdays")
CODES = np.array([[10.0, 3.0, 20.0], [0.5, 0.0, np.nan]])
AS_OF = np.array([20_000 * DAY, 20_003 * DAY])


def test_clocks_go_on_until_the_bin_begins() -> None:
    rows = AHEAD.rows(CODES, AS_OF, np.array([2, 1]))
    assert rows.shape == (2, AHEAD.width)
    np.testing.assert_array_equal(rows[:, :3], CODES)
    np.testing.assert_array_equal(rows[:, 3:5], [[38.0, -8.0], [7.5, np.nan]])
    calendar = bin_codes(AS_OF, np.array([2, 1]), EDGES)
    np.testing.assert_array_equal(rows[:, AHEAD.of_calendar], calendar)


def test_every_deal_meets_every_bin() -> None:
    rows, number = AHEAD.unfold(CODES, AS_OF)
    assert number.tolist() == [0, 1, 2, 0, 1, 2]
    for place in range(6):
        deal = slice(place // 3, place // 3 + 1)
        one = AHEAD.rows(CODES[deal], AS_OF[deal], number[place : place + 1])
        np.testing.assert_array_equal(rows[place : place + 1], one)


def test_what_a_clock_adds_is_told_of_its_fact() -> None:
    effects = np.arange(float(AHEAD.width))[None, :]
    of_calendar = list(AHEAD.of_calendar)
    expected = [[0.0 + 3.0, 1.0, 2.0 + 4.0, *of_calendar]]
    np.testing.assert_array_equal(AHEAD.folded(effects), expected)


def test_a_clock_has_the_direction_of_its_fact() -> None:
    declared = [Feature("age", "年龄", "age", "days", "process", clock=1, direction=-1)]
    ahead = Ahead.of(Encoder(("age",), {}), declared, EDGES, "weekdays")
    columns = ahead.columns(Encoder(("age",), {}), declared, towards=-1)
    assert columns.directions[:2] == [1, 1]
    assert not any(columns.directions[2:])


def test_a_cycle_that_was_not_seen_twice_says_nothing() -> None:
    young = Ahead.of(ENCODER, FEATURES, EDGES, "weekdays", history_days=150.0)
    assert young.unseen == ("quarter_week", "quarter_opening", "quarter_closing", "season")
    rows, _ = young.unfold(CODES, AS_OF)
    whole, _ = AHEAD.unfold(CODES, AS_OF)
    silent = [young.of_calendar[NAMES.index(name)] for name in young.unseen]
    assert not rows[:, silent].any()
    assert whole[:, silent].any(axis=0).sum() > 1
    rest = np.setdiff1d(np.arange(young.width), silent)
    np.testing.assert_array_equal(rows[:, rest], whole[:, rest])
    assert Ahead.from_dict(young.to_dict(), young.names).unseen == young.unseen
    assert Ahead.of(ENCODER, FEATURES, EDGES, "weekdays", 720.0).unseen == ()
