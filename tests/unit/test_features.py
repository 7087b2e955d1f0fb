"""The law of features: what was known decides them, and nothing else does."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import chinese_calendar
import polars as pl
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from data.moments import DAY, to_datetime
from data.tables import NAMES, Engine, Tables, lazy_tables
from features.compute import compute, no_rows
from features.laws import breaches
from features.snapshots import grid_snapshots, open_snapshots
from tests.histories import CONTEXT, DAYS, PIPELINE, START, Frames, frame_of, histories, moments

END: Final = START + DAYS * DAY
CADENCE: Final = 3
few = settings(
    max_examples=5,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def put(frames: Frames, engine: Engine = "polars") -> Tables:
    return lazy_tables(frames, PIPELINE, engine)


@few
@given(
    frames=histories(),
    asked=st.lists(moments, min_size=1, max_size=2, unique=True),
    seed=st.integers(0, 99),
)
def test_every_feature_keeps_the_laws(
    engine: Engine, frames: Frames, asked: list[int], seed: int
) -> None:
    assert breaches(frames, PIPELINE, CONTEXT, asked, engine, seed) == []


@few
@given(frames=histories(), moment=moments)
def test_a_grid_holds_the_open_deals_of_each_of_its_moments(frames: Frames, moment: int) -> None:
    tables = put(frames)
    grid = collected(grid_snapshots(tables, moment, CADENCE))
    alone = [
        collected(open_snapshots(tables, moment - back * CADENCE * DAY))
        for back in range(DAYS // CADENCE + 15)  # long enough to reach before the first deal
    ]
    assert_frame_equal(grid, pl.concat(alone), check_row_order=False)


def collected(snapshots: Any) -> pl.DataFrame:
    frame: pl.DataFrame = snapshots.collect(backend="polars").to_native()
    return frame


@settings(few, max_examples=25)
@given(frames=histories(), moment=moments)
def test_features_agree_with_plain_loops(frames: Frames, moment: int) -> None:
    tables = put(frames)
    computed = compute(tables, open_snapshots(tables, moment), CONTEXT)
    told = [plain(frames, deal_id, moment) for deal_id in computed["deal_id"]]
    expected = pl.DataFrame(told, schema={n: computed.schema[n] for n in plain(frames, "d0", 0)})
    assert_frame_equal(computed.select(expected.columns), expected, rel_tol=0, abs_tol=1e-12)


@few
@given(frames=histories(), moment=moments)
def test_no_snapshot_has_the_columns_that_some_have(
    engine: Engine, frames: Frames, moment: int
) -> None:
    tables = put(frames, engine)
    some = compute(tables, open_snapshots(tables, moment), CONTEXT)
    assume(len(some))
    none = compute(tables, open_snapshots(tables, START - DAY), CONTEXT)
    assert_frame_equal(none, no_rows(CONTEXT))
    assert none.schema == some.schema


def test_a_trend_is_the_same_to_the_last_bit_of_one_deal_and_of_many() -> None:
    """Polars may divide by multiplying with the inverse, and not all rows of a column alike."""
    as_of, deals = START + 10 * DAY, [f"d{number}" for number in range(7)]
    born = [{"deal_id": deal, "created_at": START, "recorded_at": START} for deal in deals]
    called = [
        {"deal_id": deal, "at": at, "recorded_at": at, "seq": seq, "status": "done"}
        for deal in deals
        for seq, at in enumerate([as_of - 5 * DAY] * 17)
    ]

    def said(count: int) -> list[float]:
        rows = {"deals": born[:count], "activities": called}
        tables = put({name: frame_of(name, rows.get(name, [])) for name in NAMES})
        return compute(tables, open_snapshots(tables, as_of), CONTEXT)["done_trend:2"].to_list()

    for count in range(1, len(deals) + 1):
        assert said(count) == said(1) * count


Fact = dict[str, Any]


def plain(frames: Frames, deal_id: str, as_of: int) -> Fact:
    """Answer some features by walking over the facts, one at a time."""

    def known(table: str, **where: str) -> list[Fact]:
        rows = frames[table].filter(
            pl.col("deal_id") == deal_id,
            pl.col("recorded_at") <= as_of,
            *(pl.col(name) == word for name, word in where.items()),
        )
        order = [name for name in ("recorded_at", "at", "seq") if name in rows.columns]
        return rows.sort(order).rows(named=True)

    def within(facts: Sequence[Fact], days: int) -> list[Fact]:
        return [fact for fact in facts if fact["recorded_at"] > as_of - days * DAY]

    def since(facts: Sequence[Fact]) -> float | None:
        return (as_of - max(fact["at"] for fact in facts)) / DAY if facts else None

    deal = frames["deals"].row(by_predicate=pl.col("deal_id") == deal_id, named=True)
    done, stages = known("activities", status="done"), known("changes", field="stage")
    dates = known("changes", field="expected_close_at")
    amounts = known("changes", field="amount")
    stated = holding(dates, "number")
    owner = holding(known("changes", field="owner_id"), "value")
    memo = holding(known("changes", field="memo"), "value")
    rival = holding(known("changes", field="competitor"), "value")
    gap = dict(CONTEXT.gaps).get(holding(stages, "value"), dict(CONTEXT.gaps)[""])
    statuses = [fact["status"] for fact in known("checklist")]
    account = known_account(frames, deal["account_id"], as_of)
    return {
        "age": (as_of - deal["created_at"]) / DAY,
        "stage": holding(stages, "value"),
        "in_stage": since(stages),
        "stage_moves": len(stages),
        "stage_moves_in:7": len(within(stages, 7)),
        "visits:b": len(known("changes", field="stage", value="b")),
        "amount": holding(amounts, "number"),
        "amount_rises": len(moved(amounts, lambda new, old: new > old)),
        "amount_falls": len(moved(amounts, lambda new, old: new < old)),
        "to_stated_close": None if stated is None else (stated - as_of) / DAY,
        "close_pushes": len(moved(dates, lambda new, old: new > old)),
        "close_pushes_in:7": len(within(moved(dates, lambda new, old: new > old), 7)),
        "grade": holding(known("changes", field="grade"), "value"),
        "heat": holding(known("changes", field="heat"), "number"),
        "blanks": sum(
            json.loads(deal["attributes"] or "{}").get(name) is None for name in ("colour", "seats")
        ),
        "silence": since(done),
        "no_reply": since(known("activities", direction="in")),
        "first_touch": (min(f["at"] for f in done) - deal["created_at"]) / DAY if done else None,
        "last_kind": holding(known("activities"), "kind"),
        "done": len(done),
        "done_in:2": len(within(done, 2)),
        "done:call": len([fact for fact in done if fact["kind"] == "call"]),
        "since:mail": since(known("activities", kind="mail")),
        "contacts": len(known("contacts")),
        "covered:user": len(known("contacts", role="user")),
        "waiting": statuses.count("W") - statuses.count("C") - statuses.count("F"),
        "source": deal["source"],
        "industry": account and account["industry"],
        "owner_record": share_won(frames, as_of, owner=owner),
        "account_record": share_won(frames, as_of, account_id=deal["account_id"]),
        "team_record": share_won(frames, as_of, team=TEAMS.get(owner)),
        "record_against:competitor": share_won(frames, as_of, competitor=rival),
        "contested:competitor": rival is not None,
        "account_won": won if (won := account_won(frames, deal, as_of)) is None else len(won),
        "account_open": open_with(frames, as_of, account_id=deal["account_id"]),
        "since_account_won": (as_of - max(won)) / DAY if won else None,
        "owner_open": open_with(frames, as_of, owner=owner),
        "owner_done_in:2": done_by(frames, as_of, owner),
        "silence_working": since(done) if not done else worked(done, as_of),
        "silence_usual": since(done) if not done else since(done) / gap,
        "done_trend:2": trend(done, deal["created_at"], as_of),
        "mentions:memo:预算": None if memo is None else "预算" in memo,
        "mentions:memo:demo": None if memo is None else "Demo" in memo,
        "colour": "red",
        "seats": float(deal_id[1:]),
    }


TEAMS: Final = {"o": "north", "p": None}


def share_won(frames: Frames, as_of: int, **whose: str | None) -> float | None:
    """Share won among closings known by then, drawn towards everyone's by CONTEXT's strength."""
    known = pl.max_horizontal("recorded_at", "closed_recorded_at")
    closed = (
        frames["deals"]
        .filter(pl.col("closed_recorded_at").is_not_null(), known <= as_of)
        .with_columns(closed_recorded_at=known)
    )
    at = list(closed.select("deal_id", "closed_recorded_at").iter_rows())
    owners = [held_then(frames, deal_id, "owner_id", moment) for deal_id, moment in at]
    rivals = [held_then(frames, deal_id, "competitor", moment) for deal_id, moment in at]
    closed = closed.with_columns(
        owner=pl.Series(owners, dtype=pl.String),
        team=pl.Series([TEAMS.get(owner or "") for owner in owners], dtype=pl.String),
        competitor=pl.Series(rivals, dtype=pl.String),
    )
    ((key, value),) = whose.items()
    if value is None:
        return None
    theirs = closed.filter(pl.col(key) == value)
    everyone = ((closed["outcome"] == "won").sum() + 0.5) / (len(closed) + 1)
    name = {"competitor": "rival"}.get(key, key.removesuffix("_id"))
    strength = dict(CONTEXT.strengths)[name]
    return ((theirs["outcome"] == "won").sum() + strength * everyone) / (len(theirs) + strength)


def held_then(frames: Frames, deal_id: str, field: str, moment: int) -> str | None:
    known = frames["changes"].filter(
        pl.col("deal_id") == deal_id, pl.col("field") == field, pl.col("recorded_at") <= moment
    )
    facts = known.sort("recorded_at", "at", "seq").rows(named=True)
    value: str | None = holding(facts, "value")
    return value


def account_won(frames: Frames, deal: Fact, as_of: int) -> list[int] | None:
    """When the account's deals that are known as won were won; None of no account."""
    if deal["account_id"] is None:
        return None
    won = frames["deals"].filter(
        pl.max_horizontal("recorded_at", "closed_recorded_at") <= as_of,
        pl.col("closed_recorded_at").is_not_null(),
        outcome="won",
        account_id=deal["account_id"],
    )
    return won["closed_at"].to_list()


def open_with(frames: Frames, as_of: int, **whose: str | None) -> int | None:
    """How many deals are known as open with an account or an owner."""
    ((key, value),) = whose.items()
    opened = frames["deals"].filter(
        pl.col("recorded_at") <= as_of,
        pl.col("closed_recorded_at").is_null() | (pl.col("closed_recorded_at") > as_of),
    )
    held = {
        "account_id": opened["account_id"].to_list(),
        "owner": [held_then(frames, one, "owner_id", as_of) for one in opened["deal_id"]],
    }
    return None if value is None else held[key].count(value)


def done_by(frames: Frames, as_of: int, owner: str | None) -> int | None:
    """How many activities an owner is known to have done within the last two days."""
    if owner is None:
        return None
    known = frames["activities"].filter(
        pl.col("recorded_at") <= as_of,
        pl.col("recorded_at") > as_of - 2 * DAY,
        owner_id=owner,
        status="done",
    )
    return len(known)


def worked(done: Sequence[Fact], as_of: int) -> int:
    """Days of work, by China's calendar, from the day of the last activity up to that of as_of."""
    first, last = (to_datetime(at).date() for at in (max(fact["at"] for fact in done), as_of))
    sign = 1 if first <= last else -1
    days = [min(first, last) + timedelta(n) for n in range(abs((last - first).days))]
    return sign * sum(chinese_calendar.is_workday(day) for day in days)


def trend(done: Sequence[Fact], created_at: int, as_of: int) -> float | None:
    """Activities of the last 2 days, less those of 2 days at the pace of up to 5 days before."""
    before = min((as_of - created_at) / DAY, 7) - 2
    if before < 2:
        return None
    ago = [(as_of - fact["recorded_at"]) / DAY for fact in done]
    return sum(days < 2 for days in ago) - sum(2 <= days < 7 for days in ago) * 2 / before


def holding(facts: Sequence[Fact], column: str) -> Any:
    """What holds is what happened last; of two at one moment, what was entered last."""
    latest = max(enumerate(facts), key=lambda one: (one[1]["at"], one[0]), default=None)
    return None if latest is None else latest[1][column]


def moved(facts: Sequence[Fact], differs: Callable[[float, float], bool]) -> list[Fact]:
    """The facts whose number differs from the one that held when they became known."""
    found = []
    for place, fact in enumerate(facts):
        before = holding(facts[:place], "number")
        if None not in (fact["number"], before) and differs(fact["number"], before):
            found.append(fact)
    return found


def known_account(frames: Frames, account_id: str | None, as_of: int) -> Fact | None:
    rows = frames["accounts"].filter(
        pl.col("account_id") == pl.lit(account_id), pl.col("recorded_at") <= as_of
    )
    return rows.row(0, named=True) if len(rows) else None
