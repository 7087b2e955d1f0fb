"""Backtests are honest: nothing recorded after the origin can move a probability."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import polars as pl
import pytest

from data.errors import BadInput, NotReady
from data.moments import DAY, HOUR
from data.records import normalise
from data.tables import lazy_tables
from models.curve import LOST, WON, Curves
from models.sample import Sample
from tests import company
from tests.histories import Frames
from training import served
from training.amounts import Amounts
from training.backtest import Backtest, Origin, backtest
from training.forecasts import STAGE, STAGE_TIME
from training.grades import graded
from training.metrics import Draws
from training.phrases import BASELINES, say
from training.summary import by_origin, details, summary

ORIGIN = company.END - 60 * DAY


@pytest.fixture(scope="module")
def frames() -> Frames:
    return normalise(company.history(), company.PIPELINE).frames


def frozen(frames: Frames, origin: int = ORIGIN, seed: int = 0) -> Origin:
    tables = lazy_tables(frames, company.PIPELINE)
    return backtest(tables, company.PIPELINE, origin, company.SMALL, seed)


@pytest.fixture(scope="module")
def honest(frames: Frames) -> Origin:
    return frozen(frames)


def known(moment: str = "recorded_at") -> pl.Expr:
    return pl.col(moment) <= ORIGIN


def with_other_outcomes(frames: Frames) -> Frames:
    """Let what closed later close sooner, with the other outcome."""
    later = ~known("closed_recorded_at")
    other = {"won": "lost", "lost": "won", "open": "open"}
    changed = {
        "outcome": pl.when(later).then(pl.col("outcome").replace(other)).otherwise("outcome"),
        "closed_recorded_at": pl.when(later)
        .then((ORIGIN + pl.col("closed_recorded_at")) // 2 + 1)
        .otherwise("closed_recorded_at"),
    }
    return frames | {"deals": frames["deals"].with_columns(**changed)}


def without_later_facts(frames: Frames) -> Frames:
    return frames | {name: frames[name].filter(known()) for name in ("changes", "activities")}


def with_more_later_facts(frames: Frames) -> Frames:
    """Tell of every fact again, under another name and with another value, after the origin."""
    told_later = {"recorded_at": pl.col("recorded_at") + 400 * DAY, "seq": pl.col("seq") + 1}
    activities = frames["activities"].with_columns(
        **told_later, activity_id="x" + pl.col("activity_id"), kind=pl.lit("fax")
    )
    changes = frames["changes"].with_columns(
        **told_later, value=pl.lit("offer"), number=pl.lit(1e9)
    )
    more = {"activities": activities, "changes": changes}
    return frames | {name: pl.concat([frames[name], new]) for name, new in more.items()}


def with_later_deals(frames: Frames) -> Frames:
    late = frames["deals"].with_columns(
        deal_id="y" + pl.col("deal_id"), recorded_at=pl.lit(ORIGIN + 1, pl.Int64)
    )
    return frames | {"deals": pl.concat([frames["deals"], late])}


@pytest.mark.parametrize(
    "changed",
    [with_other_outcomes, without_later_facts, with_more_later_facts, with_later_deals],
)
def test_what_came_later_moves_no_probability(
    frames: Frames, honest: Origin, changed: Callable[[Frames], Frames]
) -> None:
    altered = changed(frames)
    assert any(not altered[name].equals(frame) for name, frame in frames.items())
    other = frozen(altered)
    assert other.outcomes.rows.equals(honest.outcomes.rows)
    for ours, theirs in ((other.curves, honest.curves), (other.baseline, honest.baseline)):
        assert (ours.won == theirs.won).all()
        assert (ours.lost == theirs.lost).all()


def test_what_came_is_looked_up_in_full(frames: Frames, honest: Origin) -> None:
    deals = frames["deals"].filter(known("created_at"), ~known("closed_at").fill_null(value=False))
    assert honest.outcomes.rows["deal_id"].sort().to_list() == deals["deal_id"].sort().to_list()
    for one in Backtest([honest]).judged():
        by_then = deals.filter(pl.col("closed_at") <= ORIGIN + one.horizon_days * DAY)
        counts = dict(by_then["outcome"].value_counts().iter_rows())
        assert one.open_deals == len(deals)
        assert (one.won_actual, one.lost_actual) == (counts.get("won", 0), counts.get("lost", 0))


def test_the_same_seed_makes_the_same_bundle(
    frames: Frames, honest: Origin, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again, other = frozen(frames), frozen(frames, seed=1)
    names = [
        company.bundled(one.fitted).save(tmp_path_factory.mktemp("bundles")).name
        for one in (honest, again, other)
    ]
    assert names[0] == names[1] != names[2]


def test_what_is_saved_is_the_mean_of_what_each_deal_saves(honest: Origin) -> None:
    judged = Backtest([honest])
    by_horizon = [one.log_loss - one.log_loss_baseline for one in judged.judged()]
    assert judged.saved().mean == pytest.approx(np.mean(by_horizon), abs=1e-12)
    assert judged.saved().low < judged.saved().mean < judged.saved().high


def test_an_origin_told_twice_is_no_more_certain(honest: Origin) -> None:
    """Accounts are drawn, not deals at origins: the same deals again narrow nothing."""
    once, twice = Backtest([honest]), Backtest([honest, honest])
    for one, other in zip(once.judged(), twice.judged(), strict=True):
        assert other.open_deals == 2 * one.open_deals
        assert other.won_actual == 2 * one.won_actual
        assert other.log_loss == pytest.approx(one.log_loss)
        assert asdict(other.won_ratio) == pytest.approx(asdict(one.won_ratio), rel=1e-4)
    assert asdict(twice.saved()) == pytest.approx(asdict(once.saved()), rel=1e-3)


def test_what_is_said_of_the_end_is_of_closed_deals_only(honest: Origin) -> None:
    early = replace(honest.outcomes, seen=np.full(len(honest.outcomes), 14.0))
    end = replace(honest, outcomes=early).eventual()
    closed = early.days <= 14
    assert 0 < len(end) == closed.sum() < len(early)
    assert end.outcome.tolist() == early.cause[closed].tolist()
    for said in end.said.values():
        assert said[:, 0] == pytest.approx(0)
        assert said.sum(axis=1) == pytest.approx(1)


def test_a_baseline_without_dates_speaks_of_the_end_only(honest: Origin) -> None:
    rates = Curves.undated(np.full(len(honest.outcomes), 0.3))
    judged = Backtest([replace(honest, baselines=honest.baselines | {"rates": rates})])
    assert all(list(one.baselines) == [STAGE, STAGE_TIME] for one in judged.judged())
    assert judged.eventual().said["rates"][0].tolist() == [0.0, 0.3, 0.7]
    assert list(summary(judged)["eventual"]["baselines"])[-1] == "rates"


def test_the_baselines_that_can_speak_stand_beside_the_model(honest: Origin) -> None:
    told = summary(Backtest([honest]))
    assert list(told["eventual"]["baselines"]) == [STAGE, STAGE_TIME, "stage_rate", "naive_bayes"]
    assert told["silent"] == {
        "checklist": "the pipeline has no checklist",
        "commit": "sellers state no commit",
    }
    closed = honest.outcomes.days <= honest.outcomes.seen
    won = honest.outcomes.cause[closed] == WON
    said = honest.baselines["naive_bayes"].won_by(np.inf)[closed]
    expected = -np.log(np.where(won, said, 1 - said)).mean()
    assert told["eventual"]["baselines"]["naive_bayes"]["log_loss"] == pytest.approx(expected)


def test_a_card_keeps_figures_that_json_can_tell(honest: Origin) -> None:
    judged = Backtest([honest])
    told = {**summary(judged), "alone": by_origin(judged), "details": details(judged)}
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again == told
    assert [one["horizon_days"] for one in again["details"]] == [7, 28, 56]
    assert list(again["alone"][0]["by_horizon"].values()) == again["horizons"]  # the only origin


@pytest.mark.parametrize(
    ("origin", "error", "match"),
    [
        (company.END - DAY, BadInput, "too late to look up what came"),
        (company.END - 260 * DAY, NotReady, "too little history.*at least 40"),
    ],
)
def test_an_origin_that_allows_no_backtest_is_refused(
    frames: Frames, origin: int, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        frozen(frames, origin)


def test_what_a_grade_meant_is_counted_by_hand(honest: Origin) -> None:
    """Ten deals: of four A three closed, of these two won; of six C all closed, none won."""
    p_won = np.array([0.8, 0.7, 0.66, 0.9] + [0.2] * 6)
    rows = np.arange(10)
    outcomes = replace(
        honest.outcomes.take(rows),
        days=np.array([5.0, 5.0, 5.0, np.inf] + [9.0] * 6),
        cause=np.array([WON, WON, LOST, 0] + [LOST] * 6),
    )
    origin = replace(honest, outcomes=outcomes, curves=Curves.undated(p_won))
    a, b, c, d = graded(Backtest([origin, origin]))
    assert (a.grade, a.deals, a.closed, a.score) == ("A", 8, 6, 72.0)
    assert a.won.mean == pytest.approx(200 / 3)
    assert a.won.low < a.won.mean < a.won.high
    assert (b.deals, d.deals, np.isnan(b.won.mean)) == (0, 0, True)
    assert (c.deals, c.closed, c.score, c.won.mean) == (12, 12, 20.0, 0.0)
    accounts = len(np.unique(outcomes.groups[4:]))  # none of them won: Wilson's z² / (n + z²)
    assert c.won.low == pytest.approx(0.0, abs=1e-9)
    assert c.won.high == pytest.approx(100 * 1.96**2 / (accounts + 1.96**2), rel=1e-3)


def test_amounts_are_judged_by_hand() -> None:
    """Of five deals three were won with an amount before; two sum up to 300 said, 250 came."""
    ones = np.ones(5)
    cause = np.array([WON, WON, LOST, WON, WON])
    outcomes = Sample(pl.DataFrame(), ones, cause, np.array([2, 2, 2, 2, 0.5]), np.arange(5))
    now = np.array([100.0, 200.0, 50.0, np.nan, 70.0])
    final = np.array([90.0, 160.0, np.nan, 40.0, 70.0])
    amounts = Amounts.of(outcomes, np.array([100.0, 150.0, 50.0, np.nan, 70.0]), now, final)
    draws = Draws(outcomes.groups)
    told = amounts.to_dict(draws)
    assert (told["deals"], told["won_amount"]) == (2, 250.0)
    assert told["model"]["ratio"]["mean"] == pytest.approx(250 / 250)
    assert told["model"]["wape"]["mean"] == pytest.approx(20 / 250)
    assert told["now"]["ratio"]["mean"] == pytest.approx(300 / 250)
    assert told["now"]["wape"]["mean"] == pytest.approx(50 / 250)
    # squares of 10 / 100 and 10 / 200 against those of 10 / 100 and 40 / 200
    assert amounts.saved(draws).mean == pytest.approx((0.05**2 - 0.2**2) / 2)
    same = replace(amounts, said=amounts.now).saved(draws)
    assert (same.mean, same.high) == (0.0, 0.0)


def test_amounts_that_never_move_are_told_as_they_stand(honest: Origin) -> None:
    judged = Backtest([honest])
    assert (judged.amounts.said == judged.amounts.final).all()
    assert len(judged.amounts.final) > 0
    assert served.amounts(judged) == "now"  # it cannot be surely better than what is right
    assert served.amounts(None) == "now"
    better = replace(honest.amounts, now=honest.amounts.final * 1.5)
    assert served.amounts(Backtest([replace(honest, amounts=better)])) == "model"


def with_discounts(frames: Frames) -> Frames:
    """Let every won deal be closed at a fifth less than stood on it, and be edited afterwards."""
    won = frames["deals"].filter(pl.col("outcome") == "won").select("deal_id", "closed_at")
    amounts = frames["changes"].filter(pl.col("field") == "amount").join(won, on="deal_id")
    edits = [
        amounts.with_columns(
            at=pl.col("closed_at") + when,
            recorded_at=pl.col("closed_at") + when,
            number=pl.col("number") * share,
            value=(pl.col("number") * share).cast(pl.String),
        ).select(frames["changes"].columns)
        for when, share in ((-HOUR // 2, 0.8), (DAY, 7.0))
    ]
    return frames | {"changes": pl.concat([frames["changes"], *edits])}


def test_a_discount_that_all_get_is_learned_and_then_told(frames: Frames) -> None:
    judged = Backtest([frozen(with_discounts(frames))])
    told = judged.amounts.to_dict(judged.draws)
    assert told["deals"] > 10
    assert told["model"]["ratio"]["mean"] == pytest.approx(1.0)
    assert told["now"]["ratio"]["mean"] == pytest.approx(1.25)
    assert served.amounts(judged) == "model"


def test_what_stands_in_for_the_model_is_the_better_baseline(honest: Origin) -> None:
    curves = honest.curves
    knows = Curves(curves.edges, curves.won * 0.999, curves.lost * 0.999)
    for best, other in ((STAGE, STAGE_TIME), (STAGE_TIME, STAGE)):
        worse = Curves(curves.edges, curves.won * 0.2, curves.lost * 0.2)
        said = honest.baselines | {best: knows, other: worse}
        judged = Backtest([replace(honest, baselines=said)])
        assert judged.stand_in == best == served.stand_in(judged)
        assert summary(judged)["stand_in"] == best
        why = served.why_not(honest.fitted, judged, best)
        assert why is not None
        assert why["en"].startswith(f"no skill over the {BASELINES[best]}")
        assert why["zh"].endswith(say("zh")(BASELINES[best]))
    assert served.stand_in(None) == STAGE
