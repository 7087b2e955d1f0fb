"""The course of a period adds up to what attainment tells of it."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.moments import DAY, parse_moment
from serving.insights.attainment import attained
from serving.insights.course import course
from serving.insights.period import period_of
from serving.insights.scope import Scope

AS_OF = parse_moment("2026-05-20T12:00:00")
QUARTER = period_of("quarter", AS_OF)
NO_WORK = pl.DataFrame(schema={"kind": pl.String, "day": pl.Int64, "count": pl.Int64})
NO_TARGETS = pl.DataFrame(
    schema={"scope": pl.String, "scope_id": pl.String, "period": pl.String}
    | {"starts_at": pl.Int64, "metric": pl.String, "value": pl.Float64}
)
NOBODY = pl.DataFrame(schema=dict.fromkeys(("owner_id", "owner", "team", "region"), pl.String))
CLOSINGS = st.lists(st.tuples(st.floats(-420, 0), st.floats(1, 1e6), st.booleans()), max_size=30)


def deals(closings: list[tuple[float, float, bool]]) -> pl.DataFrame:
    rows = [
        (AS_OF + int(days * DAY), value, "won" if won else "lost") for days, value, won in closings
    ]
    schema = {"closed_at": pl.Int64, "value": pl.Float64, "outcome": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


@settings(max_examples=30)
@given(CLOSINGS)
def test_it_ends_where_attainment_does_and_never_falls(
    closings: list[tuple[float, float, bool]],
) -> None:
    told = course(deals(closings), NO_WORK, QUARTER, AS_OF, "won_amount")
    whole = attained(deals(closings), NO_WORK, NO_TARGETS, NOBODY, Scope(), QUARTER, AS_OF)
    assert len(told) == 91
    assert told["actual"].max() == pytest.approx(whole["actual"][0])
    for name in ("actual", "before", "year_ago"):
        assert (told[name].drop_nulls().diff().drop_nulls() >= 0).all()
    before = QUARTER.before()
    inside = pl.col("closed_at").is_between(before.starts_at, before.ends_at, closed="left")
    won = deals(closings).filter(pl.col("outcome") == "won", inside)
    assert told["before"][-1] == pytest.approx(won["value"].sum())


def test_days_to_come_are_not_known() -> None:
    told = course(deals([(-1, 5.0, True)]), NO_WORK, QUARTER, AS_OF, "won_deals")
    assert told["actual"].null_count() == 91 - 50  # 20 May is the 50th day
    assert told["actual"].drop_nulls().to_list() == [0.0] * 48 + [1.0] * 2
