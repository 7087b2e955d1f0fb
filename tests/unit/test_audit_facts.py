"""The audit of dated facts: late records, duplicates, bulk days, and the canary."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Final

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from data.contract import Pipeline
from data.moments import DAY, parse_moment
from data.simulator import SimulatedPipeline, simulate
from data.tables import Engine, Tables, lazy_tables
from features.audit import Audit, audit
from features.audit.canary import canary_evidence, with_shuffled_future
from features.catalogue import Family
from features.compute import compute
from features.context import Context
from features.history import History, activity, days_since
from features.snapshots import open_snapshots

END = parse_moment("2026-06-29")
ENGINES: Final[tuple[Engine, ...]] = ("polars", "duckdb")


@cache
def company() -> SimulatedPipeline:
    return simulate(1_500, 2.5, end=END, seed=1).opportunities


def undeclared(crm: SimulatedPipeline) -> Pipeline:
    """The pipeline as if every column had been declared: fixed, or tracked where it changes."""
    changing = set(crm.frames["changes"]["field"])
    attributes = {
        name: one.model_copy(update={"policy": "tracked" if name in changing else "fixed"})
        for name, one in crm.settings.attributes.items()
    }
    return crm.settings.model_copy(update={"attributes": attributes})


def audited(frames: Mapping[str, pl.DataFrame], pipeline: Pipeline) -> Audit:
    return audit(lazy_tables(frames, pipeline), pipeline)


def checks(found: Audit, column: str) -> set[str]:
    return {e.check for one in found.findings if one.column == column for e in one.evidence}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", ["leads", "opportunities"])
def test_every_planted_leak_is_found_and_nothing_else(name: str, seed: int) -> None:
    crm: SimulatedPipeline = getattr(simulate(1_500, 2.5, end=END, seed=seed), name)
    found = audited(crm.frames, undeclared(crm))
    assert set(found.left_out) == set(crm.planted_leaks)


def test_every_engine_finds_the_same() -> None:
    crm = simulate(300, 2.0, end=END, seed=2).opportunities
    pipeline = undeclared(crm)
    polars, duckdb = (
        audit(lazy_tables(crm.frames, pipeline, engine), pipeline).to_dict() for engine in ENGINES
    )
    assert polars == duckdb
    assert set(polars["left_out"]) >= {"final_discount", "legal_opinion"}


def test_the_leak_of_late_recording_is_found_by_its_dates() -> None:
    found = audited(company().frames, undeclared(company()))
    (opinion,) = (one for one in found.findings if one.column == "legal_opinion")
    late = next(e for e in opinion.evidence if e.check == "recorded_late")
    assert late.weight == "proof"
    assert 0.65 < float(late.en.split("AUC of having it ")[1].rstrip(")")) < 0.8
    assert found.pipeline.attributes["legal_opinion"].policy == "final"


def test_it_is_found_too_where_nobody_says_when_facts_were_recorded() -> None:
    """Then only this is left: open deals never have it."""
    frames = dict(company().frames)
    for name in ("changes", "activities", "checklist", "contacts"):
        frames[name] = frames[name].with_columns(recorded_at="at")
    found = audited(frames, undeclared(company()))
    assert "legal_opinion" in found.left_out
    assert checks(found, "legal_opinion") == {"only_when_closed"}
    assert checks(found, "recorded_at") == {"never_late"}


def test_features_as_known_then_differ_from_features_as_happened() -> None:
    """Both views of one log: what a snapshot knew, and what had happened by then."""
    crm, as_of = company(), END - 182 * DAY
    pipeline = undeclared(crm)
    known = lazy_tables(crm.frames, pipeline)
    happened = replace(
        known,
        **{
            name: getattr(known, name).with_columns(recorded_at=nw.col("at"))
            for name in ("changes", "activities", "checklist", "contacts")
        },
    )
    asked = open_snapshots(known.known_by(as_of), as_of)
    context = Context.learn(known.known_by(as_of), pipeline, 7)
    as_known, as_happened = (compute(t, asked, context) for t in (known, happened))
    more = as_happened["done_in:28"] > as_known["done_in:28"]
    assert 0.02 < more.mean() < 0.6  # type: ignore[operator]
    # the backdated opinion: nobody knew it then, and as happened it is there, for the won ones
    assert as_known["legal_opinion"].null_count() == len(as_known)
    told = as_happened.filter(pl.col("legal_opinion").is_not_null())["deal_id"]
    ends = crm.frames["deals"].filter(pl.col("deal_id").is_in(told.implode()))
    assert len(ends) > 5
    assert (ends["closed_recorded_at"] > as_of).all()
    assert (ends["outcome"] == "won").mean() > 0.4  # type: ignore[operator]


def test_second_entries_are_counted() -> None:
    crm = company()
    found = audited(crm.frames, undeclared(crm))
    (deals,) = (one for one in found.findings if one.column == "deals")
    (evidence,) = deals.evidence
    assert evidence.figure == pytest.approx(len(crm.duplicates) / len(crm.frames["deals"]))
    assert deals.done == "nothing"


def test_a_day_on_which_all_was_updated_is_named() -> None:
    crm = company()
    frames = dict(crm.frames)
    touched = frames["changes"].filter(pl.col("field") == "amount").head(900)
    day = END - 100 * DAY
    moments = {name: pl.lit(day, pl.Int64) for name in ("at", "recorded_at")}
    bulk = touched.with_columns(**moments, seq=pl.lit(9, pl.Int64))
    frames["changes"] = pl.concat([frames["changes"], bulk])
    found = audited(frames, undeclared(crm))
    (changes,) = (one for one in found.findings if one.column == "changes")
    assert "2026-03-21 (9" in changes.evidence[0].en
    assert checks(audited(crm.frames, undeclared(crm)), "changes") == set()


def tables() -> Tables:
    return lazy_tables(company().frames, company().settings)


def test_shuffling_the_future_leaves_the_past_as_it_was() -> None:
    as_of = END - 200 * DAY
    before, after = (
        tables().known_by(as_of),
        with_shuffled_future(tables(), as_of, 0).known_by(as_of),
    )
    for name in ("deals", "changes", "activities", "checklist", "contacts"):
        key = ["deal_id", *(["at", "seq"] if name != "deals" else [])]
        rows = [getattr(t, name).collect().to_native() for t in (before, after)]
        columns = [c for c in rows[0].columns if c not in ("attributes",)]
        sort = [k for k in (*key, "activity_id", "field", "item", "contact_id") if k in columns]
        assert_frame_equal(*(r.select(columns).sort(sort) for r in rows))


def test_no_feature_of_ours_moves_the_canary() -> None:
    assert canary_evidence(tables(), company().settings, seed=0) == {}


def test_a_feature_that_looks_ahead_moves_it_and_is_left_out() -> None:
    """A user's own, whose author asked the timeline for the fact after the question."""
    own = Family()

    @own.feature("peek", zh="下一事实", en="the next fact", unit="days", group="engagement")
    def peek(history: History) -> nw.Expr:
        next_at = nw.col("at").shift(-1).over("deal", order_by=("recorded_at", "at", "seq"))
        soon = next_at < nw.col("at") + 7 * DAY
        return days_since(history.last(soon))

    found = audit(tables(), company().settings, custom=(own,))
    assert found.pipeline.left_out == ("peek",)
    assert checks(found, "peek") == {"canary", "halfway"}


def test_a_feature_that_reads_who_was_won_elsewhere_is_left_out() -> None:
    """No shuffled log moves it: what it knows does not stand in the log."""
    deals = company().frames["deals"]
    won = deals.filter(pl.col("outcome") == "won")["deal_id"].to_list()
    own = Family()

    @own.feature("exported", zh="名单", en="on today's list", unit="", group="fit")
    def exported(history: History) -> nw.Expr:
        return nw.col("deal_id").is_in(won).cast(nw.Float64)

    @own.feature("honest:{}", zh="活动{}", en="{}s", unit="count", group="engagement", each="kinds")
    def honest(history: History, kind: str) -> nw.Expr:
        return history.count(activity(kind))

    found = audit(tables(), company().settings, custom=(own,))
    assert found.pipeline.left_out == ("exported",)
    assert checks(found, "exported") == {"halfway"}
    assert checks(found, "honest:call") == {"halfway"}
    kept = audit(tables(), company().settings, keep=("exported",), custom=(own,))
    assert (kept.kept, kept.pipeline.left_out) == (("exported",), ())
