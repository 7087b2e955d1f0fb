"""Backtests are honest: nothing recorded after the origin can move a probability."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from data.errors import BadInput, NotReady
from data.moments import DAY
from data.records import normalise
from data.tables import lazy_tables
from tests import company
from tests.histories import Frames
from training.backtest import Origin, backtest, skill

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
    for one in honest.judged():
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


def test_skill_is_the_mean_of_what_each_deal_saves(honest: Origin) -> None:
    saved = skill(honest, np.random.default_rng(0))
    by_horizon = [one.log_loss - one.log_loss_baseline for one in honest.judged()]
    assert saved.mean == pytest.approx(np.mean(by_horizon), abs=1e-12)
    assert saved.low < saved.mean < saved.high


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
