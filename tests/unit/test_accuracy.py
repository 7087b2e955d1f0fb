import math

import polars as pl
import pytest

from data.moments import DAY
from serving.insights.accuracy import accuracy, came

SAID = pl.DataFrame(
    {
        "deal_id": ["a", "a", "b", "c", "erased-1"],
        "as_of": [0] * 5,
        "bundle": ["x"] * 5,
        "days": [7, 28, 7, 7, 7],
        "p_won": [0.2, 0.5, 0.1, 0.25, 0.9],
        "p_lost": [0.3, 0.4, 0.6, 0.25, 0.1],
    }
)
DEALS = pl.DataFrame(
    {
        "deal_id": ["a", "b", "c"],
        "outcome": ["won", "lost", "open"],
        "closed_at": [10 * DAY, 7 * DAY, None],
    },
    schema_overrides={"closed_at": pl.Int64},
)


def test_only_what_is_due_is_judged_by_what_had_come_by_then() -> None:
    judged = came(SAID, DEALS, 27 * DAY).select("deal_id", "days", "won", "lost").rows()
    # a was won on day 10, after the seven days; its 28 are not over; b's last day counts
    assert judged == [("a", 7, 0, 0), ("b", 7, 0, 1), ("c", 7, 0, 0)]
    later = came(SAID, DEALS, 28 * DAY).filter(days=28).select("deal_id", "won", "lost").rows()
    assert later == [("a", 1, 0)]


def test_the_figures_are_those_of_the_formulas() -> None:
    (row,) = accuracy(came(SAID, DEALS, 27 * DAY), ["bundle"]).to_dicts()
    assert (row["n"], row["came_won"], row["came_lost"]) == (3, 0, 1)
    assert row["said_won"] == pytest.approx(0.2 + 0.1 + 0.25)
    assert row["brier"] == pytest.approx((0.04 + 0.01 + 0.0625) / 3)
    # open with 0.5, lost with 0.6, open with 0.5
    assert row["log_loss"] == pytest.approx(-math.log(0.5 * 0.6 * 0.5) / 3)
