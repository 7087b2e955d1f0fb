"""What the desk says of single deals: next action, warnings, stagnation, decision, assignment."""

from typing import Any

import polars as pl
import pytest

from data.contract import Attribute, Pipeline
from data.errors import BadInput
from data.listing import Listing, Signal
from data.mapping import parse_mapping
from data.moments import DAY, parse_moment, to_datetime
from data.records import normalise
from data.tables import Tables, lazy_tables
from serving.insights.assignment import assign, expertise, track_record
from serving.insights.decision import decide
from serving.insights.early import stagnation, warnings
from serving.insights.facts import facts, reply_rates, usual_stays
from serving.insights.follow_up import follow_up

NOW = parse_moment("2026-03-02")
DESK = Listing(
    need=Signal(item="need"), budget=Signal(attribute="budget", words=("yes",)), cost="spent"
)
PIPELINE = Pipeline(
    name="p",
    stages=("first", "second", "third"),
    attributes={
        "budget": Attribute(policy="fixed"),
        "spent": Attribute(type="number", policy="tracked"),
    },
    desk=DESK,
)


def tables(**raw: list[dict[str, Any]]) -> Tables:
    frames = {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in raw.items()}
    return lazy_tables(normalise(frames, PIPELINE).frames, PIPELINE)


def days_ago(days: float) -> int:
    return NOW - round(days * DAY)


def deal(deal_id: str = "d", age: float = 60, **more: Any) -> dict[str, Any]:
    return {"deal_id": deal_id, "created_at": days_ago(age), "stage": "first", **more}


def touch(age: float, direction: str | None = "out", **more: Any) -> dict[str, Any]:
    kind = more.pop("kind", "call")
    return {"deal_id": "d", "kind": kind, "at": days_ago(age), "direction": direction, **more}


def known(*activities: dict[str, Any], of: dict[str, Any] | None = None, **more: Any) -> Tables:
    raw = {"deals": [of or deal()], "activities": list(activities), **more}
    return tables(**{name: rows for name, rows in raw.items() if rows})


def following(found: Tables, desk: Listing = DESK) -> dict[str, Any]:
    told = follow_up(facts(found, NOW, PIPELINE), reply_rates(found, NOW), desk, NOW)
    return told.row(0, named=True)


def warned(found: Tables, **more: Any) -> dict[str, str]:
    deals = facts(found, NOW, PIPELINE).with_columns(
        stage=pl.lit("first"),
        amount=pl.lit(more.get("amount"), pl.Float64),
        stage_place=pl.lit(1.0),
    )
    usual = pl.DataFrame(
        {"stage": ["first"], "stay_median": [10.0], "stay_p90": [90.0], "gap_p90": [7.0]}
    )
    scored = pl.DataFrame({"deal_id": ["d"], "score": [40], "p_lost_period": [0.3]})
    still = stagnation(deals, usual, scored, NOW, 15)
    (said,) = warnings(deals, still, NOW)["warnings"].to_list()
    return {one["kind"]: one["en"] for one in said}


def test_a_new_deal_is_called_within_a_day_then_written_to_then_called_again() -> None:
    told = following(known(of=deal(age=0.5)))
    assert (told["action"]["en"], told["channel"]) == ("first call", "call")
    assert (told["due_at"], told["overdue"], told["must"]) == (NOW + DAY // 2, False, True)
    late = following(known(of=deal(age=3)))
    assert (late["next"], late["overdue"]) == ("plan", True)
    second = following(known(touch(2.9), of=deal(age=3)))
    assert (second["action"]["zh"], second["due_at"]) == ("发送资料与方案", NOW + 2 * DAY)
    third = following(known(touch(7.5), touch(4), of=deal(age=8)))
    assert (third["action"]["en"], third["due_at"]) == ("second call", NOW + 2 * DAY)
    assert following(known(touch(7.5), touch(4), touch(1), of=deal(age=8)))["next"] == "touch"


def test_a_customer_who_wrote_last_is_answered_by_the_same_channel_within_a_day() -> None:
    told = following(known(touch(5), touch(2, "in", kind="mail")))
    assert (told["next"], told["channel"], told["due_at"]) == ("waiting", "mail", NOW - DAY)
    assert told["must"]
    assert told["overdue"]
    assert following(known(touch(2, "in", kind="mail"), touch(1)))["next"] != "waiting"
    assert following(known(touch(30, "in", kind="mail")))["next"] != "waiting"


def test_a_planned_step_is_a_promise_until_something_was_done_after_it() -> None:
    planned = touch(-3, None, kind="meeting", status="planned", recorded_at=days_ago(4))
    told = following(known(touch(5), planned))
    assert (told["next"], told["channel"], told["hours"]) == ("promised", "meeting", 2.5)
    overdue = touch(3, None, status="planned")
    assert following(known(touch(5), overdue))["overdue"]
    assert following(known(touch(5), overdue, touch(1)))["next"] == "touch"


def test_a_closing_stated_for_the_week_must_be_confirmed() -> None:
    soon = {"expected_close_at": NOW + 3 * DAY}
    told = following(known(touch(5), of=deal(**soon)))
    assert (told["next"], told["due_at"], told["must"]) == ("closing", NOW + 3 * DAY, True)
    assert following(known(touch(5), of=deal(expected_close_at=NOW + 9 * DAY)))["next"] == "touch"
    next_monday = following(known(touch(5), of=deal(expected_close_at=NOW + 7 * DAY)))
    sunday = to_datetime(next_monday["due_at"])
    assert (next_monday["next"], sunday.isoweekday(), sunday.hour) == ("touch", 7, 12)


def test_who_decides_is_found_before_a_milestone_is_settled() -> None:
    user = [{"deal_id": "d", "contact_id": "c", "at": days_ago(50), "role": "user"}]
    item = [{"deal_id": "d", "item": "need", "at": days_ago(50), "status": "W"}]
    assert following(known(touch(5), contacts=user, checklist=item))["next"] == "people"
    told = following(known(touch(5), checklist=item))
    assert told["action"]["en"] == "settle the milestone: need"


def test_the_channel_is_the_one_that_got_replies() -> None:
    mails = [touch(age, kind="mail") for age in range(20, 60, 5)]
    calls = [touch(age, kind="call") for age in range(22, 60, 5)]
    heard = [touch(age - 0.5, "in", kind="chat") for age in range(22, 60, 5)]
    told = following(known(*mails, *calls, *heard, touch(6)))
    assert told["channel"] == "call"


def test_nothing_known_later_is_read() -> None:
    early = facts(known(touch(5)), NOW - 6 * DAY, PIPELINE)
    assert early["last_out_at"].to_list() == [None]
    assert early["done_out"].to_list() == [0]


def test_each_warning_tells_its_fact() -> None:
    pushed = [
        {"deal_id": "d", "field": "expected_close_at", "at": days_ago(a), "value": f"2026-0{m}-10"}
        for a, m in ((50, 2), (30, 3), (20, 4))
    ]
    shrunk = [
        {"deal_id": "d", "field": "amount", "at": days_ago(a), "value": v}
        for a, v in ((50, "1000"), (20, "700"))
    ]
    user = [{"deal_id": "d", "contact_id": "c", "at": days_ago(50), "role": "user"}]
    found = known(touch(25), changes=pushed + shrunk, contacts=user)
    said = warned(found, amount=700.0)
    assert said["slipping"] == "close date pushed 2 times, by 59 days in all"
    assert said["silence"] == "nothing for 20 days; nine in ten at this stage: within 7"
    assert said["shrinking"] == "amount down from 1,000 to 700"
    assert said["nobody_decides"] == "1 contacts known, none who decides"
    assert set(said) == {"slipping", "silence", "shrinking", "nobody_decides"}
    calm = warned(known(touch(1), of=deal(amount=10.0)), amount=10.0)
    assert calm == {}


def test_a_stated_date_that_has_passed_is_told_with_its_days() -> None:
    said = warned(known(touch(1), of=deal(expected_close_at=days_ago(4))))
    assert said == {"overdue": "stated to close on 2026-02-26, 4 days ago"}


@pytest.mark.parametrize(
    ("score", "lost", "proposal"), [(40, 0.9, "revive"), (5, 0.9, "drop"), (5, 0.1, "dormant")]
)
def test_what_stands_still_is_revived_dropped_or_left_by_its_curve(
    score: int, lost: float, proposal: str
) -> None:
    deals = facts(known(touch(30)), NOW, PIPELINE).with_columns(stage=pl.lit("first"))
    usual = pl.DataFrame(
        {"stage": ["first"], "stay_median": [20.0], "stay_p90": [90.0], "gap_p90": [9.0]}
    )
    scored = pl.DataFrame({"deal_id": ["d"], "score": [score], "p_lost_period": [lost]})
    (told,) = stagnation(deals, usual, scored, NOW, 15).to_dicts()
    assert (told["stagnant"], told["proposal"]) == (True, proposal)
    assert (told["stage_days"], told["quiet_days"]) == (60.0, 30.0)
    quick = usual.with_columns(gap_p90=pl.lit(40.0))
    assert stagnation(deals, quick, scored, NOW, 15)["proposal"].to_list() == [None]


def test_stays_that_go_on_count_as_at_least_so_long() -> None:
    # ten leave after 10 days, ten are there for 30: without the ten the median would be 10,
    # with them half have left after 10 days and no p90 is reached
    moved = [
        {"deal_id": f"m{i}", "field": "stage", "at": days_ago(50), "value": "second"}
        for i in range(10)
    ]
    deals = [deal(f"m{i}", age=60) for i in range(10)] + [deal(f"s{i}", age=30) for i in range(10)]
    usual = usual_stays(tables(deals=deals, changes=moved), NOW)
    first = usual.row(by_predicate=pl.col("stage") == "first", named=True)
    assert first["stay_median"] == 10.0
    assert first["stay_p90"] is None


DECIDED = {
    "deal_id": "d",
    "owner_id": "o",
    "role": None,
    "stage": "first",
    "score": 50,
    "p_won_end": 0.5,
    "p_lost_period": 0.2,
    "amount_at_close": 1000.0,
    "cost": None,
    "hours": 1.0,
    "must": False,
    "stagnant": False,
    "proposal": None,
    "contacts": 0,
    "key_people": 0,
}
WIDE = {"role": pl.String, "cost": pl.Float64, "proposal": pl.String}


def decided(desk: Listing = DESK, **more: Any) -> dict[str, Any]:
    deals = pl.DataFrame([DECIDED | more], schema_overrides=WIDE)
    records = pl.DataFrame({"deal_id": ["d"]})
    told = decide(deals, records, desk, (60, 35, 15), PIPELINE.stages)
    return told.row(0, named=True)


@pytest.mark.parametrize(
    ("more", "decision"),
    [
        ({}, "follow"),
        ({"stagnant": True, "proposal": "revive"}, "hold"),
        ({"score": 20}, "hold"),
        ({"score": 10}, "hold"),
        ({"score": 10, "p_lost_period": 0.6}, "drop"),
        ({"cost": 600.0}, "drop"),
    ],
)
def test_the_decision_follows_chance_standstill_and_profit(
    more: dict[str, Any], decision: str
) -> None:
    assert decided(**more)["decision"] == decision


def test_expected_profit_is_value_less_what_was_spent() -> None:
    told = decided(cost=100.0)
    assert (told["expected_value"], told["expected_profit"]) == (500.0, 400.0)
    assert told["cost_share"] == pytest.approx(0.2)
    thin = decided(Listing(margin=0.1), cost=100.0)
    assert (thin["expected_profit"], thin["decision"]) == (-50.0, "drop")


def test_what_is_not_known_is_not_among_the_figures_that_decided() -> None:
    assert decided(p_lost_period=None)["decision_why"]["en"] == (
        "won in the end 50 %, expected profit 500"
    )


def test_a_step_that_is_owed_is_said_beside_another_decision() -> None:
    assert "owed" not in decided(must=True)["decision_why"]["en"]
    assert decided(must=True, score=20)["decision_why"]["zh"].endswith("但下一步仍须完成")


def test_a_risk_that_nothing_tells_is_unknown() -> None:
    assert {one["level"] for one in decided()["risks"]} == {"unknown"}
    told = decided(sign_credit=True, sign_technical=False)["risks"]
    assert [one["level"] for one in told] == ["unknown", "high", "low"]
    assert told[1]["zh"] == "信用风险：高"


def test_an_effective_deal_has_need_people_and_budget() -> None:
    yes = {"sign_need": True, "sign_budget": True, "contacts": 2, "key_people": 1}
    assert decided(**yes)["effective"] is True
    assert decided(**(yes | {"key_people": 0}))["effective"] is False
    assert decided(**(yes | {"contacts": 0}))["effective"] is None


def test_states_go_by_thirds_of_the_ladder_and_by_the_proposal() -> None:
    assert decided()["state"] == "potential"
    assert decided(stage="third")["state"] == "negotiation"
    assert decided(stagnant=True, proposal="dormant")["state"] == "dormant"


def test_signs_and_cost_are_read_as_of_then() -> None:
    spent = [{"deal_id": "d", "field": "spent", "at": days_ago(3), "value": "12.5"}]
    item = [{"deal_id": "d", "item": "need", "at": days_ago(2), "status": "C"}]
    found = known(of=deal(attributes='{"budget": "yes"}'), changes=spent, checklist=item)
    (told,) = facts(found, NOW, PIPELINE).to_dicts()
    assert (told["cost"], told["sign_need"], told["sign_budget"]) == (12.5, True, True)
    (before,) = facts(found, days_ago(5), PIPELINE).to_dicts()
    assert (before["cost"], before["sign_need"], before["sign_budget"]) == (None, None, True)


def test_a_new_deal_goes_to_who_wins_its_kind_and_has_hours() -> None:
    closed = [
        deal(
            f"{owner}{i}",
            source="event",
            owner_id=owner,
            outcome="won" if i < won else "lost",
            closed_at=days_ago(10),
        )
        for owner, won in (("good", 15), ("poor", 2))
        for i in range(20)
    ]
    record = track_record(tables(deals=closed), NOW)
    new = pl.DataFrame(
        {"deal_id": ["n1", "n2"], "amount": [100.0, 10.0], "source": ["event"] * 2}
    ).with_columns(product=pl.lit(None, pl.String), industry=pl.lit(None, pl.String))
    sellers = pl.DataFrame(
        {"owner_id": ["good", "poor"], "owner": ["G", "P"], "free_hours": [0.6, 9]}
    )
    told = assign(new, sellers, record, Listing())
    assert dict(told.select("deal_id", "owner_id").iter_rows()) == {"n1": "good", "n2": "poor"}
    assert "won 15 of 20" in told["en"][0]
    # by hand: towards the seller's own share, and that towards everybody's
    everyone = (17 + 1) / (40 + 2)
    own = (15 + 10 * everyone) / 30
    assert expertise(new, sellers, record)[0, 0] == pytest.approx((15 + 10 * own) / 30)
    busy = sellers.with_columns(free_hours=pl.lit(0.0))
    assert assign(new, busy, record, Listing()).is_empty()


def test_the_desk_is_part_of_a_mapping_and_says_what_is_wrong_in_it() -> None:
    text = "kind: canonical\npipeline:\n  desk: {hours: 30, effort: {call: 1}, plan: []}\n"
    assert parse_mapping(text).pipeline["desk"]["hours"] == 30  # type: ignore[attr-defined]
    with pytest.raises(BadInput, match=r"pipeline\.desk\.hoursz"):
        parse_mapping(text.replace("hours", "hoursz"))
    with pytest.raises(BadInput, match="an attribute with words or at_least, or else an item"):
        parse_mapping("kind: canonical\npipeline:\n  desk: {need: {attribute: x}}\n")
