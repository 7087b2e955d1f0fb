"""The law of features: what was known decides them, and nothing else does."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from data.moments import DAY
from data.tables import Engine, Tables, lazy_tables
from features.compute import compute
from features.laws import breaches
from features.snapshots import grid_snapshots, open_snapshots
from tests.histories import CONTEXT, DAYS, PIPELINE, START, Frames, histories, moments

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
    owners = known("changes", field="owner_id")
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
        "owner_record": share_won(frames, as_of, owner=holding(owners, "value")),
        "account_record": share_won(frames, as_of, account_id=deal["account_id"]),
        "colour": "red",
        "seats": float(deal_id[1:]),
    }


def share_won(frames: Frames, as_of: int, **whose: str | None) -> float | None:
    """Share won among closings known by then, drawn towards everyone's by CONTEXT's strength."""
    closed = frames["deals"].filter(pl.col("closed_recorded_at") <= as_of)
    held = [owner_at_closing(frames, deal_id) for deal_id in closed["deal_id"]]
    closed = closed.with_columns(owner=pl.Series(held, dtype=pl.String))
    ((key, value),) = whose.items()
    if value is None:
        return None
    theirs = closed.filter(pl.col(key) == value)
    everyone = ((closed["outcome"] == "won").sum() + 0.5) / (len(closed) + 1)
    strength = dict(CONTEXT.strengths)[key.removesuffix("_id")]
    return ((theirs["outcome"] == "won").sum() + strength * everyone) / (len(theirs) + strength)


def owner_at_closing(frames: Frames, deal_id: str) -> str | None:
    deal = frames["deals"].row(by_predicate=pl.col("deal_id") == deal_id, named=True)
    known = frames["changes"].filter(
        pl.col("deal_id") == deal_id,
        pl.col("field") == "owner_id",
        pl.col("recorded_at") <= deal["closed_recorded_at"],
    )
    facts = known.sort("recorded_at", "at", "seq").rows(named=True)
    return holding(facts, "value")


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
