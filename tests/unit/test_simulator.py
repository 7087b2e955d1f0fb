"""What the simulator writes: the contract's laws, and the plausibility of the company."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.metrics import roc_auc_score

from data.contract import TABLES
from data.errors import BadInput
from data.moments import DAY, parse_moment
from data.simulator import SimulatedPipeline, Simulation, simulate

END = parse_moment("2026-06-29")
CHILDREN = ("changes", "activities", "checklist", "contacts")


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(3_000, end=END, seed=1)


@pytest.fixture(scope="module", params=["leads", "opportunities"])
def crm(simulation: Simulation, request: pytest.FixtureRequest) -> SimulatedPipeline:
    pipeline: SimulatedPipeline = getattr(simulation, request.param)
    return pipeline


def facts(crm: SimulatedPipeline, name: str) -> pl.DataFrame:
    """A child table with its deals' moments beside it."""
    deals = crm.frames["deals"].select("deal_id", "created_at", "closed_at", known="recorded_at")
    joined = crm.frames[name].join(deals, on="deal_id", how="inner")
    assert len(joined) == len(crm.frames[name]) > 0  # every row has a deal
    return joined


def test_frames_hold_the_contract(crm: SimulatedPipeline) -> None:
    for name, frame in crm.frames.items():
        table = TABLES[name]
        assert frame.schema == table.schema
        assert not frame.select(table.key).is_duplicated().any()
        for column in table.columns:
            values = frame[column.name]
            assert not (column.required and values.null_count()), (name, column.name)
            if column.allowed:
                assert set(values.drop_nulls()) <= set(column.allowed)


def test_nothing_is_recorded_after_the_end_or_before_it_happened(crm: SimulatedPipeline) -> None:
    deals = crm.frames["deals"]
    assert deals.filter(pl.col("recorded_at") < pl.col("created_at")).is_empty()
    assert deals.filter(pl.col("closed_recorded_at") < pl.col("closed_at")).is_empty()
    assert deals.filter(pl.col("closed_at") <= pl.col("created_at")).is_empty()
    assert deals.select(pl.max("recorded_at", "closed_recorded_at")).max_horizontal()[0] <= END
    still_open = deals["outcome"] == "open"
    assert (still_open == deals["closed_at"].is_null()).all()
    assert (still_open == deals["closed_recorded_at"].is_null()).all()


@pytest.mark.parametrize("name", CHILDREN)
def test_facts_lie_within_the_life_of_their_deal(crm: SimulatedPipeline, name: str) -> None:
    rows = facts(crm, name)
    assert rows.filter(pl.col("at") < pl.col("created_at")).is_empty()
    assert rows.filter(pl.col("at") >= pl.col("closed_at")).is_empty()
    assert rows.filter(pl.col("recorded_at") < pl.max_horizontal("at", "known")).is_empty()
    assert rows["recorded_at"].max() <= END


def test_a_tenth_of_the_facts_is_recorded_late(crm: SimulatedPipeline) -> None:
    late = crm.frames["activities"].select(pl.col("recorded_at") > pl.col("at")).to_series()
    assert 0.08 < late.mean() < 0.18


def test_tracked_fields_begin_with_the_deal(crm: SimulatedPipeline) -> None:
    deals = crm.frames["deals"]
    first = facts(crm, "changes").filter(pl.col("at") == pl.col("created_at"))
    fields = {"stage", "amount", "owner_id"}
    if crm.settings.name == "opportunities":
        fields |= {"expected_close_at", "commit"}
    counts = dict(first["field"].value_counts().iter_rows())
    assert counts == dict.fromkeys(fields, len(deals))
    stages = crm.frames["changes"].filter(pl.col("field") == "stage")["value"]
    assert set(stages) == set(crm.settings.stages)


def test_an_owner_is_written_anew_only_when_it_changes(crm: SimulatedPipeline) -> None:
    owners = crm.frames["changes"].filter(pl.col("field") == "owner_id").sort("deal_id", "at")
    repeated = owners["value"] == owners["value"].shift()
    assert not (repeated & (owners["deal_id"] == owners["deal_id"].shift())).any()
    assert len(owners) > len(crm.frames["deals"])  # some did change


def test_people_and_customers_are_known(crm: SimulatedPipeline) -> None:
    frames = crm.frames
    assert set(frames["activities"]["owner_id"]) <= set(frames["owners"]["owner_id"])
    owned = frames["changes"].filter(pl.col("field") == "owner_id")["value"]
    assert set(owned) <= set(frames["owners"]["owner_id"])
    deals = frames["deals"].join(frames["accounts"], on="account_id", suffix="_account")
    assert len(deals) == len(frames["deals"])
    assert (deals["recorded_at_account"] <= deals["recorded_at"]).all()
    met = frames["activities"].join(
        frames["contacts"], on=["deal_id", "contact_id"], how="left", suffix="_met"
    )
    kept = met.filter(pl.col("at_met").is_not_null())  # the others are not recorded yet
    assert len(kept) > 0.95 * len(met)
    assert (kept["at_met"] <= kept["at"]).all()


def test_opportunities_come_from_leads_that_are_there(simulation: Simulation) -> None:
    deals = simulation.opportunities.frames["deals"].filter(
        pl.col("converted_from").is_not_null(),
        ~pl.col("deal_id").is_in(simulation.opportunities.duplicates["deal_id"].implode()),
    )
    assert deals["converted_from"].is_unique().all()
    leads = simulation.leads.frames["deals"]
    both = deals.join(leads, left_on="converted_from", right_on="deal_id", suffix="_lead")
    assert len(both) == len(deals) > 1_000
    assert set(both["outcome_lead"]) <= {"won", "open"}  # open: its closing is not recorded yet
    assert (both["created_at"] > both["created_at_lead"]).all()
    assert (both["created_at"] > both["closed_at_lead"]).drop_nulls().all()


def test_a_few_deals_are_entered_twice(crm: SimulatedPipeline) -> None:
    twice = crm.duplicates
    assert 0.004 < len(twice) / len(crm.frames["deals"]) < 0.006
    copies = twice.join(crm.frames["deals"], on="deal_id", maintain_order="left")
    firsts = twice.join(
        crm.frames["deals"], left_on="copy_of", right_on="deal_id", maintain_order="left"
    )
    fields = ["created_at", "account_id", "product", "title", "source"]
    assert_frame_equal(copies.select(fields), firsts.select(fields))


def test_leaks_are_planted_and_kept_from_features(crm: SimulatedPipeline) -> None:
    for name in crm.planted_leaks:
        assert crm.settings.attributes[name].policy == "final"
    deals = crm.frames["deals"]
    names = list(crm.settings.attributes)
    values = deals["attributes"].str.json_decode(pl.Struct(dict.fromkeys(names, pl.String)))
    told = values.struct.field(crm.planted_leaks[0]).is_not_null()
    assert (told == (deals["outcome"] == "won")).all()


def test_the_quiet_leak_stays_below_what_a_simple_alarm_would_notice(
    simulation: Simulation,
) -> None:
    closed = simulation.opportunities.frames["deals"].filter(pl.col("outcome") != "open")
    checked = closed["attributes"].str.json_path_match("$.credit_check").is_not_null()
    assert 0.65 < roc_auc_score(closed["outcome"] == "won", checked) < 0.8


def test_the_company_is_plausible(simulation: Simulation) -> None:
    days = (pl.col("closed_at") - pl.col("created_at")) / DAY
    closed = [
        crm.frames["deals"].filter(pl.col("outcome") != "open").with_columns(days=days)
        for crm in simulation.pipelines
    ]
    leads, opportunities = closed
    assert 0.15 < (leads["outcome"] == "won").mean() < 0.25
    assert 0.20 < (opportunities["outcome"] == "won").mean() < 0.32
    assert 7 * 7 < opportunities["days"].median() < 12 * 7
    assert (opportunities["days"] > 40 * 7).mean() > 0.02  # a heavy tail
    amounts = simulation.opportunities.frames["changes"].filter(pl.col("field") == "amount")
    skewness = amounts["number"].log().skew()
    assert abs(skewness) < 0.6  # log-normal, near enough


def test_wins_gather_at_quarter_ends(simulation: Simulation) -> None:
    closed = simulation.opportunities.frames["deals"].filter(pl.col("outcome") == "won")
    day = pl.from_epoch(closed["closed_at"], "us").dt.date()
    to_end = (day.dt.truncate("1q").dt.offset_by("1q") - day).dt.total_days()
    last_fortnight = (to_end <= 14).sum() / 14
    assert last_fortnight > 1.3 * len(closed) / 91.3


def test_stated_dates_are_hopeful_and_slip(simulation: Simulation) -> None:
    frames = simulation.opportunities.frames
    dates = frames["changes"].filter(pl.col("field") == "expected_close_at")
    first = dates.sort("at").group_by("deal_id").agg(pl.col("number").first())
    won = frames["deals"].filter(pl.col("outcome") == "won").join(first, on="deal_id")
    late = (won["closed_at"] - won["number"]) / DAY
    assert late.median() > 7
    pushes = dates.sort("deal_id", "at").select(
        pl.col("number").diff().over("deal_id").drop_nulls() > 0
    )
    assert pushes.to_series().mean() > 0.6


def test_the_same_seed_gives_the_same_data_and_another_does_not() -> None:
    one, same, other = (simulate(150, 1.0, end=END, seed=seed) for seed in (7, 7, 8))
    for left, right, unlike in zip(one.pipelines, same.pipelines, other.pipelines, strict=True):
        assert_frame_equal(left.truth, right.truth)
        for name, frame in left.frames.items():
            assert_frame_equal(frame, right.frames[name])
        assert not left.frames["deals"].equals(unlike.frames["deals"])


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"deals": 99}, "deals=99; allowed: 100 or more"),
        ({"years": 0.1}, "years=0.1; allowed: 0.5 to 20"),
        ({"years": float("nan")}, "years=nan"),
        ({"seed": -1}, "seed=-1; allowed: 0 or more"),
        ({"end": END + DAY}, r"end='2026-06-30T00:00:00Z'; allowed: a Monday.*2026-06-29"),
    ],
)
def test_wrong_numbers_are_refused(wrong: dict[str, float], text: str) -> None:
    with pytest.raises(BadInput, match=text):
        simulate(**({"deals": 150, "end": END} | wrong))  # type: ignore[arg-type]


def test_small_companies_of_any_length_work() -> None:
    for years in np.array([0.5, 1.3]):
        simulation = simulate(100, float(years), end=END, seed=3)
        assert len(simulation.opportunities.frames["deals"]) >= 95


def test_the_documentation_runs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    said: dict[str, Any] = {}
    exec(block, said)  # noqa: S102 - our own page
    assert len(said["crm"].truth)
