"""A pipeline's pace: its steps and horizons fit each other and its deals' lives."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.contract import TABLES, Pipeline
from data.moments import DAY
from data.tables import Tables, lazy_tables
from features.pace import Pace
from tests.histories import START

PIPELINE = Pipeline(name="paced")


def closing_after(lives: list[int]) -> Tables:
    """Put deals on an engine that close after so many days."""
    deals = [
        {
            "deal_id": f"d{number}",
            "created_at": START,
            "recorded_at": START,
            "closed_at": START + days * DAY,
            "closed_recorded_at": START + days * DAY,
            "outcome": "won",
        }
        for number, days in enumerate(lives)
    ]
    return lazy_tables({"deals": pl.DataFrame(deals, schema=TABLES["deals"].schema)}, PIPELINE)


@given(st.sampled_from([1, 2, 3, 7]), st.sets(st.integers(1, 400), min_size=1, max_size=5))
def test_every_horizon_is_an_edge(cadence: int, horizons: set[int]) -> None:
    pace = Pace.of(cadence, tuple(sorted(horizons)))
    assert pace.edges[0] == 0
    assert pace.edges[-1] == max(horizons)
    assert set(horizons) <= set(pace.edges)
    assert list(pace.edges) == sorted(set(pace.edges))


def test_the_pace_is_that_of_closed_deals() -> None:
    quick, slow = (Pace.learn(closing_after([days] * 10), PIPELINE) for days in (14, 140))
    assert (quick.cadence_days, quick.horizons_days) == (1, (7, 14, 21))
    assert (slow.cadence_days, slow.horizons_days) == (7, (35, 70, 140, 210))


@pytest.mark.parametrize("lives", [[], [0], [1], [4000]])
def test_no_history_is_too_odd_for_a_pace(lives: list[int]) -> None:
    pace = Pace.learn(closing_after(lives), PIPELINE)
    assert pace.cadence_days in (1, 2, 3, 7)
    assert all(days % 7 == 0 for days in pace.horizons_days)


def test_what_the_settings_say_goes_first() -> None:
    told = PIPELINE.model_copy(update={"cadence_days": 5, "horizons_days": (10, 20)})
    pace = Pace.learn(closing_after([100]), told)
    assert (pace.cadence_days, pace.horizons_days) == (5, (10, 20))
