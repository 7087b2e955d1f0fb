"""The truth is true: exact against an oracle, calibrated against what happened, hard to reach."""

from itertools import product

import numpy as np
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from data.moments import DAY, parse_moment
from data.simulator import SimulatedPipeline, Simulation, simulate
from data.simulator.cohort import draw_leads
from data.simulator.ladders import ADVANCE, BACK, LEADS, LOST, MOMENTA, WON
from data.simulator.process import Dynamics
from data.simulator.recording import LONGEST_DELAY
from data.simulator.truth import incidence
from data.simulator.world import draw_world

END = parse_moment("2026-06-29")


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(6_000, end=END, seed=2)


def outcomes(crm: SimulatedPipeline, days: int, every: int) -> pl.DataFrame:
    """The truth of first entries at origins whose windows are known whole and do not overlap.

    Given the states at an origin deals are independent, and windows that do not overlap make
    (outcome - truth) a martingale difference: so variances p (1 - p) add up over all rows.
    """
    origins = crm.truth["as_of"].unique().sort(descending=True)[::-1]
    chosen = [o for o in origins if o + days * DAY + LONGEST_DELAY <= END][::every]
    deals = crm.frames["deals"].select("deal_id", "closed_at", "outcome", "source", "created_at")
    return (
        crm.truth.filter(pl.col("as_of").is_in(chosen), pl.col("days_ahead") == days)
        .filter(~pl.col("deal_id").is_in(crm.duplicates["deal_id"].implode()))
        .join(deals, on="deal_id", maintain_order="left")
        .with_columns(
            pl.when(pl.col("closed_at") <= pl.col("as_of") + days * DAY)
            .then("outcome")
            .otherwise(pl.lit("open"))
            .alias("happened")
        )
    )


def deviation(happened: pl.Series, p: pl.Series) -> float:
    """How many standard errors the count lies from its expectation."""
    return abs(happened.sum() - p.sum()) / max(np.sqrt((p * (1 - p)).sum()), 1e-9)


@pytest.mark.parametrize(
    ("name", "days", "every"),
    [
        ("leads", 7, 1),
        ("leads", 42, 1),
        ("opportunities", 28, 1),
        ("opportunities", 91, 1),
        ("opportunities", 182, 2),
        ("opportunities", 364, 7),
    ],
)
def test_truth_is_calibrated(simulation: Simulation, name: str, days: int, every: int) -> None:
    # 11 counts each, at 5 standard errors: a false alarm in less than one run of 10,000.
    rows = outcomes(getattr(simulation, name), days, every)
    assert len(rows) > 200
    for word in ("won", "lost"):
        p, happened = rows[f"p_{word}"], rows["happened"] == word
        assert deviation(happened, p) < 5
        for tenth in np.array_split(p.arg_sort().to_numpy(), 10):
            assert deviation(happened.gather(tenth), p.gather(tenth)) < 5


def test_curves_are_incidences(simulation: Simulation) -> None:
    for crm in simulation.pipelines:
        truth = crm.truth.sort("deal_id", "as_of", "days_ahead")
        told = ["p_won", "p_lost", "p_won_worked"]
        assert truth.columns == ["pipeline", "deal_id", "as_of", "days_ahead", *told]
        assert not truth.select("deal_id", "as_of", "days_ahead").is_duplicated().any()
        assert truth.select(pl.min_horizontal("p_won", "p_lost")).to_series().min() >= 0
        assert (truth["p_won"] + truth["p_lost"]).max() <= 1 + 1e-12
        rise = truth.select(pl.col(told).diff().over("deal_id", "as_of"))
        assert rise.min_horizontal().min() >= 0


def test_truth_is_told_of_exactly_the_deals_that_look_open(simulation: Simulation) -> None:
    for crm in simulation.pipelines:
        for origin in crm.truth["as_of"].unique():
            open_then = crm.frames["deals"].filter(
                pl.col("recorded_at") <= origin,
                pl.col("closed_recorded_at").is_null() | (pl.col("closed_recorded_at") > origin),
            )
            told = crm.truth.filter(pl.col("as_of") == origin)["deal_id"]
            assert set(told) == set(open_then["deal_id"])
        assert crm.truth["as_of"].n_unique() == 9


@pytest.mark.parametrize("worked", [0, 7])
def test_incidence_equals_the_powers_of_the_whole_transition_matrix(worked: int) -> None:
    rng = np.random.default_rng(5)
    world = draw_world(100, END - 52 * 7 * DAY, END, rng)
    dynamics = Dynamics(LEADS, world, draw_leads(world, 100, rng))
    member, steps, first = np.array([3]), 30, 200
    stage, momentum = np.array([1]), np.array([2])
    states = list(product(range(len(LEADS.base)), range(len(MOMENTA))))
    n = len(states)
    x = np.zeros(n + 2)
    x[states.index((1, 0 if worked else 2))] = 1  # work makes it engaged
    won, lost = incidence(dynamics, first, (member, stage, momentum), steps, worked)
    for k in range(steps):
        P = np.eye(n + 2)
        cool = np.eye(3) if k < worked else dynamics.momentum_chances(first + k, member)[0]
        for i, (s, m) in enumerate(states):
            chances = dynamics.event_chances(first + k, member, np.array([s]), np.array([m]))[0]
            P[i] = 0
            P[i, n], P[i, n + 1] = chances[WON], chances[LOST]
            moves = {s: chances[4], s + 1: chances[ADVANCE], s - 1: chances[BACK]}
            for to, chance in moves.items():
                for warmth in range(len(MOMENTA)):
                    if (to, warmth) in states:
                        P[i, states.index((to, warmth))] += chance * cool[m, warmth]
        np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-12)
        x = x @ P
        np.testing.assert_allclose([won[k + 1, 0], lost[k + 1, 0]], x[n:], atol=1e-12)


def test_work_wins_deals_that_have_cooled_and_changes_nothing_of_closed_ones(
    simulation: Simulation,
) -> None:
    for crm in simulation.pipelines:
        truth = crm.truth.filter(pl.col("days_ahead") == crm.truth["days_ahead"].max())
        closed = truth["p_won"].is_in([0.0, 1.0])
        effect = truth["p_won_worked"] - truth["p_won"]
        assert closed.any()
        assert effect.filter(closed).abs().max() == 0.0
        assert effect.filter(~closed).mean() > 0.01


def readings(crm: SimulatedPipeline, rows: pl.DataFrame) -> pl.DataFrame:
    """A few plain features at each row's as_of, from what was recorded by then."""
    keys = rows.select("deal_id", "as_of")
    changes = keys.join(crm.frames["changes"], on="deal_id").filter(
        pl.col("recorded_at") <= pl.col("as_of")
    )
    stage = (
        changes.filter(pl.col("field") == "stage")
        .sort("at")
        .group_by("deal_id", "as_of")
        .agg(stage=pl.col("value").last(), moved=(pl.col("as_of") - pl.col("at")).last() / DAY)
    )
    recent = keys.join(crm.frames["activities"], on="deal_id").filter(
        pl.col("recorded_at") <= pl.col("as_of"), pl.col("at") > pl.col("as_of") - 28 * DAY
    )
    counts = recent.group_by("deal_id", "as_of").agg(
        replies=(pl.col("direction") == "in").sum().cast(pl.Float64).sqrt(),
        meetings=(pl.col("kind") == "meeting").sum().cast(pl.Float64).sqrt(),
    )
    at = ["deal_id", "as_of"]
    joined = rows.join(stage, on=at, how="left", maintain_order="left").join(
        counts, on=at, how="left", maintain_order="left"
    )
    age = ((pl.col("as_of") - pl.col("created_at")) / DAY).log1p()
    return joined.select(
        "stage", "source", pl.col("moved").log1p(), "replies", "meetings", age.alias("age")
    ).with_columns(pl.col("moved", "replies", "meetings").fill_null(0.0))


@pytest.mark.parametrize(("name", "days"), [("leads", 14), ("opportunities", 91)])
def test_plain_features_help_and_stay_far_from_the_truth(
    simulation: Simulation, name: str, days: int
) -> None:
    crm = getattr(simulation, name)
    rows = outcomes(crm, days, 1)
    X, y = readings(crm, rows), rows["happened"]
    past = rows["as_of"] < sorted(rows["as_of"].unique())[-2]
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["stage", "source"]), remainder=StandardScaler()
    )
    model = make_pipeline(encode, LogisticRegression(C=0.3, max_iter=500))
    model.fit(X.filter(past), y.filter(past).to_list())
    labels = sorted(["open", "won", "lost"])
    then = y.filter(~past)
    truth = rows.filter(~past).select(
        pl.col("p_lost"), 1 - pl.col("p_won") - pl.col("p_lost"), pl.col("p_won")
    )
    base = y.filter(past).value_counts(normalize=True).sort("happened")["proportion"].to_numpy()
    loss = {
        "base": log_loss(then, np.tile(base, (len(then), 1)), labels=labels),
        "plain": log_loss(then, model.predict_proba(X.filter(~past)), labels=labels),
        "truth": log_loss(then, np.clip(truth.to_numpy(), 1e-12, 1), labels=labels),
    }
    reached = (loss["base"] - loss["plain"]) / (loss["base"] - loss["truth"])
    assert 0.15 < reached < 0.75, loss
    assert loss["base"] - loss["truth"] > 0.12, loss
