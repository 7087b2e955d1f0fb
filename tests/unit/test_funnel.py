"""The funnel and the ideal funnel, worked out by hand."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.moments import DAY
from data.practice import Goal
from serving.insights.bottleneck import LEAST, bottleneck
from serving.insights.funnel import Funnel, Span, funnel, onward
from serving.insights.ideal import by_cycle, by_task, needs, stagnant, table
from serving.insights.waiting import waited

AS_OF = 100 * DAY
LADDER = ("a", "b")


def deal(
    name: str, steps: tuple[int | None, int | None, int | None], outcome: str, closed: int | None
) -> dict[str, Any]:
    """A deal by the days on which it reached a, b and won."""
    reached = {f"reached_{k}": None if day is None else day * DAY for k, day in enumerate(steps)}
    stage = "b" if steps[1] is not None else "a"
    return {
        "deal_id": name,
        "title": name,
        "owner": "o",
        "outcome": outcome,
        "stage": stage,
        "value": 1000.0,
        "created_at": (steps[0] or 0) * DAY,
        "closed_at": None if closed is None else closed * DAY,
        "entered_at": (steps[1] if stage == "b" else steps[0] or 0) * DAY,  # type: ignore[operator]
        **reached,
    }


# d1: a on day 0, b on 10, won on 30      d2: a on day 0, b on 20, lost on 40
# d3: a on day 0, lost on 30              d4: a on day 90, open on day 100
DEALS = pl.DataFrame(
    [
        deal("d1", (0, 10, 30), "won", 30),
        deal("d2", (0, 20, None), "lost", 40),
        deal("d3", (0, None, None), "lost", 30),
        deal("d4", (90, None, None), "open", None),
    ]
)
SPELLS = pl.DataFrame(
    [
        ("d1", "a", 0, 10, "b"),
        ("d1", "b", 10, 30, "won"),
        ("d2", "a", 0, 20, "b"),
        ("d2", "b", 20, 40, "lost"),
        ("d3", "a", 0, 30, "lost"),
        ("d4", "a", 90, None, None),
    ],
    schema=["deal_id", "stage", "entered_at", "left_at", "next"],
    orient="row",
).with_columns(pl.col("entered_at", "left_at") * DAY)


def measured(goals: dict[str, Goal] | None = None) -> Funnel:
    return funnel(DEALS, SPELLS, LADDER, goals or {}, Span(0, AS_OF), AS_OF)


def test_conversion_counts_those_who_still_wait_as_waiting() -> None:
    """Worked out by hand for stage a, whose four deals moved on days 10 and 20, were lost on 30,
    and wait since 10 days.

    Day 10: 4 at risk, 1 moves: F = 1/4, S = 3/4. Then the one that waits is lost from sight.
    Day 20: 2 at risk, 1 moves: F = 1/4 + 3/4 · 1/2 = 5/8, S = 3/8. Day 30: the last one is lost.
    """
    first, last = measured().stages
    assert (first.passage.counted, first.passage.moved, first.passage.lost) == (4, 2, 1)
    assert (first.passage.waiting, first.passage.so_far) == (1, 0.5)
    assert first.passage.conversion == pytest.approx(5 / 8)
    assert last.passage.conversion == pytest.approx(1 / 2)


def test_time_in_stage_is_kaplan_and_meiers() -> None:
    """Left after 10, 20 and 30 days, and one there since 10: S is 1, 3/4, 3/8, 0.

    Half have left by day 20, nine in ten by day 30; the mean is 10 + 10 · 3/4 + 10 · 3/8.
    """
    stay = measured().stages[0].stay
    assert (stay.median, stay.p90) == (20, 30)
    assert stay.mean == pytest.approx(21.25)


def test_velocity_is_deals_by_win_rate_by_amount_over_cycle() -> None:
    # one open deal · (5/8 · 1/2) · 1,000 / 30 days
    told = measured()
    assert (told.open_deals, told.won, told.cycle_days, told.mean_won) == (1, 1, 30, 1000)
    assert told.win_rate == pytest.approx(5 / 16)
    assert told.velocity == pytest.approx(5 / 16 * 1000 / 30)


def test_the_table_has_a_row_a_stage_and_numbers_where_nothing_is_known() -> None:
    table = measured().table()
    assert table["stage"].to_list() == ["a", "b"]
    assert table["deals"].to_list() == [1, 0]
    assert table["conversion_before"].to_list() == [None, None]
    nothing = funnel(DEALS.clear(), SPELLS.clear(), LADDER, {}, Span(0, AS_OF), AS_OF)
    assert nothing.velocity is None
    assert nothing.table()["conversion"].to_list() == [None, None]


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["moved", "lost", None]))))
def test_who_waits_never_lowers_the_expected_below_what_is_so_far(
    spans: list[tuple[int, str | None]],
) -> None:
    frame = pl.DataFrame(spans, schema={"span": pl.Int64, "ended": pl.String}, orient="row")
    told = waited(frame.with_columns(pl.col("span") * DAY))
    assert told.moved + told.lost + told.waiting == told.counted == len(spans)
    if told.conversion is not None and told.so_far is not None:
        assert told.so_far - 1e-9 <= told.conversion <= 1 + 1e-9
        assert told.lost / told.counted <= 1 - told.conversion + 1e-9
    if told.waiting == 0 and told.counted:
        assert told.conversion == pytest.approx(told.moved / told.counted)


def test_chances_onward_multiply_up_from_the_last_stage() -> None:
    assert onward([0.5, 0.4, 0.25]) == pytest.approx([0.05, 0.1, 0.25])
    assert onward([0.5, None, 0.25]) == [None, None, 0.25]


def test_the_ideal_funnel_by_task_and_by_cycle() -> None:
    """T = 100,000 and A = 10,000 ask for 10 wins; r = 50 %, 40 %, 25 %.

    Stage 3: 10 / .25 = 40; stage 2: 40 / .4 = 100; stage 1: 100 / .5 = 200. In 90 days with 9, 18
    and 27 days in the stages: 200 · 9 / 90 = 20, 100 · 18 / 90 = 20, 40 · 27 / 90 = 12.
    """
    reach = by_task(100_000, 10_000, [0.5, 0.4, 0.25])
    assert reach == pytest.approx([200, 100, 40])
    assert by_cycle(reach, [9, 18, 27], 90) == pytest.approx([20, 20, 12])


def test_what_is_missing_is_told_in_deals_and_in_money() -> None:
    """To win 5,000 at 1,000 a deal takes 5 wins: 10 deals in b, 16 in a, over 50 days.

    A stay in a lasts 21.25 days: it must hold 16 · 21.25 / 50 = 6.8 deals and holds 1. A deal
    of a is worth 5/16 · 1,000. Four deals reached a in 100 days: 2 in 50.
    """
    first, second = needs(measured(), 5_000, 50)
    assert (first.reach, second.reach) == pytest.approx((16, 10))
    assert first.hold == pytest.approx(6.8)
    assert first.capacity_gap == pytest.approx(5.8)
    assert first.money(first.capacity_gap) == pytest.approx(5.8 * 5 / 16 * 1000)
    assert first.velocity_gap == pytest.approx(14)
    assert first.action == {"zh": "a再增加6个商机", "en": "bring 6 more deals into a"}
    told = table([first, second])
    assert told["must_hold"][0] == pytest.approx(6.8)
    assert [one.action for one in needs(measured(), 0, 50)] == [None, None]


def many(moved: int, lost: int, day: int) -> list[dict[str, Any]]:
    """Deals that reached a on a day and went on, or were lost, ten days later."""
    won = [deal(f"w{day}-{n}", (day, day + 10, day + 20), "won", day + 20) for n in range(moved)]
    gone = [deal(f"l{day}-{n}", (day, None, None), "lost", day + 10) for n in range(lost)]
    return won + gone


def test_the_bottleneck_is_the_stage_furthest_behind_its_past() -> None:
    # before: 16 of 20 went on from a; now 8 of 20: half of what it was. b stands as it was.
    deals = pl.DataFrame(
        [*many(16, 4, 10), *many(8, 12, 60), deal("x", (60, None, None), "open", None)]
    )
    spells = pl.concat([SPELLS.clear()])
    found = funnel(deals, spells, LADDER, {}, Span(50 * DAY, AS_OF), AS_OF)
    stuck = bottleneck(found, deals.filter(outcome="open"), AS_OF)
    assert stuck is not None
    assert (stuck.stage, stuck.kind, stuck.by) == ("a", "conversion", "past")
    assert stuck.against == pytest.approx(0.8)
    assert stuck.shortfall == pytest.approx(1 - stuck.value / 0.8)
    assert stuck.deals["deal_id"].to_list() == ["x"]
    assert stuck.deals["days_here"].to_list() == [40]
    assert stuck.told["zh"].startswith("瓶颈是a：转化率40%，上期为80%；")
    assert "against 80% by its past" in stuck.told["en"]


def test_a_goal_goes_before_the_past_and_too_few_deals_name_nothing() -> None:
    deals = pl.DataFrame([*many(16, 4, 10), *many(16, 4, 60)])
    span = Span(50 * DAY, AS_OF)
    told = funnel(deals, SPELLS.clear(), LADDER, {"b": Goal(conversion=1.0)}, span, AS_OF)
    none = bottleneck(told, deals.clear(), AS_OF)
    assert none is not None
    assert none.against is None  # all of b were won, as its goal says, and a is as it was
    strict = funnel(deals, SPELLS.clear(), LADDER, {"a": Goal(conversion=0.9)}, span, AS_OF)
    stuck = bottleneck(strict, deals.clear(), AS_OF)
    assert stuck is not None
    assert (stuck.stage, stuck.by, stuck.against) == ("a", "goal", 0.9)
    few = DEALS.head(LEAST - 1)
    assert bottleneck(measured(), few, AS_OF) is None


def test_deals_that_stand_longer_than_nine_in_ten_are_stagnant() -> None:
    stood = DEALS.filter(outcome="open").with_columns(entered_at=pl.lit(60 * DAY))
    assert stagnant(stood, measured(), AS_OF)["days_here"].to_list() == [40]
    assert stagnant(DEALS.filter(outcome="open"), measured(), AS_OF).is_empty()
