"""The hold-out's arms are compared by account, beyond what was said of each deal."""

import numpy as np
import polars as pl
import pytest

from serving.insights.holdout import compare


def judged(lift: float, accounts: int, seed: int) -> pl.DataFrame:
    """Draw rows of accounts, a tenth of them held out; listed ones are won by `lift` more."""
    rng = np.random.default_rng(seed)
    rows = 3 * accounts
    account = np.arange(rows) % accounts
    held = account < accounts // 10
    said = rng.uniform(0.1, 0.6, rows)
    won = rng.random(rows) < said + lift * ~held
    names = pl.Series(account).cast(pl.String)
    return pl.DataFrame({"account_id": names, "held": held, "p_won": said, "won": won}).cast(
        {"won": pl.Int64}
    )


def test_a_worked_difference() -> None:
    rows = [(f"a{n}", False, 0.5, n % 2) for n in range(10)]
    rows += [(f"h{n}", True, 0.7, n % 2) for n in range(10)]
    told = compare(pl.DataFrame(rows, schema=["account_id", "held", "p_won", "won"], orient="row"))
    # listed came as said; held out came 0.2 below it
    assert told.difference == pytest.approx(0.2)
    assert told.low == pytest.approx(0.2 - 1.96 * (2 * 10 * 0.25 / 100) ** 0.5)
    assert told.arms["accounts"].to_list() == [10, 10]


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    found = [compare(judged(0.1, 400, seed)) for seed in range(200)]
    held = [one.low <= 0.1 <= one.high for one in found]  # type: ignore[operator]
    assert 0.90 < np.mean(held) < 0.99


def test_an_arm_in_which_hardly_any_won_tells_no_difference() -> None:
    few = judged(0.1, 400, 0).with_columns(won=pl.col("won") * ~pl.col("held"))
    assert compare(few).difference is None


def test_too_few_accounts_tell_no_difference() -> None:
    assert compare(judged(0.1, 50, 0)).difference is None
    assert compare(judged(0.1, 50, 0).filter(~pl.col("held"))).difference is None
