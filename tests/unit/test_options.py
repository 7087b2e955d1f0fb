"""What the command line's options mean, and what may not be said."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.contract import Pipeline
from data.errors import BadInput
from data.moments import DAY, parse_moment
from data.places import LAST_PLACE, read_place, tell_place
from pipelines.options import days_of, origins_of

FIRST = parse_moment("2011-12-01")


def test_origins_of_a_row_and_single_ones_stand_in_order_and_once() -> None:
    found = origins_of(["2011-12-10", "2011-12-08"], "2011-12-01", "2011-12-16", 7)
    assert [(at - FIRST) // DAY for at in found] == [0, 7, 9, 14]


def test_a_row_ends_with_its_last_day() -> None:
    assert len(origins_of([], "2011-12-01", "2011-12-15", 7)) == 3


@pytest.mark.parametrize(
    ("single", "since", "until", "match"),
    [
        ([], None, None, "no origin.*--from"),
        ([], "2011-12-01", None, "both ends; until=None; give --from and --until"),
        ([], None, "2011-12-01", "both ends; from=None"),
        ([], "2011-12-15", "2011-12-01", "no origin"),
        (["first"], None, None, "origin='first'"),
        ([], "first", "2011-12-01", "from='first'"),
    ],
)
def test_no_origin_is_refused(
    single: list[str], since: str | None, until: str | None, match: str
) -> None:
    with pytest.raises(BadInput, match=match):
        origins_of(single, since, until, 7)


@given(st.booleans(), st.integers(0, 2 * 10**15))
def test_an_origin_is_read_as_it_is_told(dated: bool, moment: int) -> None:
    pipeline = Pipeline(name="p", dated=dated)
    told = tell_place(pipeline, moment)
    assert read_place(pipeline, told, "origin") == moment
    assert ("T" in told) == (dated or moment > LAST_PLACE)


def test_only_where_no_dates_are_a_number_is_an_origin() -> None:
    orders, dates = (
        partial(read_place, Pipeline(name="p", dated=dated)) for dated in (False, True)
    )
    assert origins_of(["650123"], None, None, 7, orders) == [650_123]
    assert orders("2026-03-02", "origin") == parse_moment("2026-03-02")
    with pytest.raises(BadInput, match="origin='650123'"):
        dates("650123", "origin")


def test_days_are_read_in_order_and_once() -> None:
    assert days_of("28, 7,14,7") == (7, 14, 28)
    with pytest.raises(BadInput, match="not days ahead; horizons='0'"):
        days_of("0")
