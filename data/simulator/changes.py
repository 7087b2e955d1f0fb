"""Changes: stage, amount, owner, expected close date and the seller's commit, as history.

Each function returns rows `member`, `at`, `field`, `value`, `number`; the first row of a field
is at the deal's creation. All are noisy readings of the path: none looks ahead of its step.
"""

from typing import Final

import numpy as np
import polars as pl

from data.moments import DAY
from data.simulator.calendar import Floats, Ints
from data.simulator.ladders import ADVANCE, BACK
from data.simulator.process import Dynamics
from data.simulator.world import owner_ids

AMOUNT_REVISED: Final = (0.02, 0.03, 0.08, 0.15, 0.05)
"""Chance a week that the amount is revised, by stage."""
AMOUNT_DRIFT: Final = (0.03, -0.12, -0.05)
"""Mean log change of a revision, by momentum: it shrinks when things go badly."""
DATE_REVISED: Final = (0.14, 0.12, 0.02)
"""Chance a step that the expected close date is stated anew, by momentum."""
DATE_FACTOR: Final = (0.8, 1.5, 1.3)
"""What a stalled or neglected deal's remaining time is multiplied by."""
COMMITS: Final = ("pipeline", "best_case", "commit")
COMMIT_REVISED: Final = 0.15


def all_changes(dynamics: Dynamics, paths: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return every tracked field's history, those that the ladder keeps."""
    parts = [stages(dynamics, paths), owners(dynamics, paths), amounts(dynamics, paths, rng)]
    if dynamics.ladder.remaining_days:
        parts += [closing_dates(dynamics, paths, rng), commits(dynamics, paths, rng)]
    return pl.concat(parts)


def stage_moves(dynamics: Dynamics, paths: pl.DataFrame) -> pl.DataFrame:
    """Return `member`, `at` and the number of the `stage` reached, the first included."""
    moved = paths.filter(pl.col("event").is_in([ADVANCE, BACK]))
    after = pl.col("stage") + pl.when(pl.col("event") == ADVANCE).then(1).otherwise(-1)
    return pl.concat([_first(dynamics, "stage"), moved.select("member", "at", stage=after)])


def stages(dynamics: Dynamics, paths: pl.DataFrame) -> pl.DataFrame:
    """Return the moves on the ladder."""
    rows = stage_moves(dynamics, paths)
    names = pl.Series(dynamics.ladder.pipeline.stages).gather(rows["stage"])
    return _text("stage", rows, names)


def owners(dynamics: Dynamics, paths: pl.DataFrame) -> pl.DataFrame:
    """Return the owner at creation, and a row when a seat changes hands while the deal is open."""
    first = _first(dynamics, "owner")
    at = dynamics.clock.moment(paths["step"].to_numpy())
    held = paths.select("member", pl.Series("at", at), "owner")
    rows = pl.concat([first, held]).sort("member", "at", maintain_order=True)
    changed = pl.col("owner") != pl.col("owner").shift().over("member")
    rows = rows.filter(changed.fill_null(value=True))
    return _text("owner_id", rows, owner_ids(rows["owner"].to_numpy()))


def amounts(dynamics: Dynamics, paths: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return the amount and its revisions."""
    chance = np.array(AMOUNT_REVISED) * dynamics.ladder.step_days / 7
    revised = _thin(paths, chance[paths["stage"].to_numpy()], rng)
    drift = np.array(AMOUNT_DRIFT)[revised["momentum"].to_numpy()]
    step = np.exp(drift + rng.normal(0, 0.15, len(revised)))
    later = revised.select("member", pl.Series("at", _moments(dynamics, revised, rng)), factor=step)
    start = _first(dynamics, "amount").rename({"amount": "factor"})
    rows = pl.concat([start, later]).sort("member", "at", maintain_order=True)
    amount = pl.col("factor").cum_prod().over("member").clip(lower_bound=1_000)
    return _number("amount", rows.with_columns(number=(amount / 100).round() * 100))


def closing_dates(
    dynamics: Dynamics, paths: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the expected close dates: hopeful at first, and stated anew as they slip."""
    cohort = dynamics.cohort
    stated = _thin(paths, np.array(DATE_REVISED)[paths["momentum"].to_numpy()], rng)
    factor = np.array(DATE_FACTOR)[stated["momentum"].to_numpy()]
    parts = {
        "member": (cohort["member"], stated["member"]),
        "at": (cohort["created_at"], pl.Series(_moments(dynamics, stated, rng))),
        "stage": (cohort["stage"], stated["stage"]),
        "owner": (cohort["owner"], stated["owner"]),
        "factor": (pl.Series(np.ones(len(cohort))), pl.Series(factor)),
    }
    rows = pl.DataFrame({name: pl.concat(pair) for name, pair in parts.items()})
    days = (
        np.array(dynamics.ladder.remaining_days)[rows["stage"].to_numpy()]
        * dynamics.world.sellers.optimism[rows["owner"].to_numpy()]
        * rows["factor"].to_numpy()
        * np.exp(rng.normal(0, 0.35, len(rows)))
    )
    date = (rows["at"].to_numpy() // DAY + np.ceil(days).astype(np.int64)) * DAY
    return _number("expected_close_at", rows.with_columns(number=_month_end(date, rng)))


def commits(dynamics: Dynamics, paths: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return the seller's own call of each deal: stage, momentum and hope."""
    called = _thin(paths, np.full(len(paths), COMMIT_REVISED), rng)
    mood = np.array([0.6, -0.6, -0.8])[called["momentum"].to_numpy()]
    belief = 0.7 * called["stage"].to_numpy() - 2 + mood + rng.normal(0, 0.8, len(called))
    first = _first(dynamics, "stage").select("member", "at", call=pl.lit(0, pl.Int64))
    later = called.select(
        "member",
        pl.Series("at", _moments(dynamics, called, rng)),
        pl.Series("call", np.digitize(belief, (0.0, 1.0))),
    )
    rows = pl.concat([first, later])
    return _text("commit", rows, pl.Series(COMMITS).gather(rows["call"]))


def _first(dynamics: Dynamics, column: str) -> pl.DataFrame:
    return dynamics.cohort.select("member", "created_at", column).rename({"created_at": "at"})


def _thin(paths: pl.DataFrame, chance: Floats, rng: np.random.Generator) -> pl.DataFrame:
    """Keep each row with its chance."""
    return paths.filter(pl.Series(rng.random(len(paths)) < chance))


def _moments(dynamics: Dynamics, rows: pl.DataFrame, rng: np.random.Generator) -> Ints:
    return dynamics.clock.working(rows["step"].to_numpy(), rng)


def _month_end(moment: Ints, rng: np.random.Generator) -> Floats:
    """Move two dates in five to the end of their month, as sellers do."""
    month = moment.astype("datetime64[us]").astype("datetime64[M]") + 1
    end = (month.astype("datetime64[D]") - 1).astype("datetime64[us]").astype(np.int64)
    return np.where(rng.random(len(moment)) < 0.4, end, moment).astype(np.float64)


def _text(field: str, rows: pl.DataFrame, value: pl.Series) -> pl.DataFrame:
    return rows.select(
        "member",
        "at",
        field=pl.lit(field),
        value=value,
        number=pl.lit(None, pl.Float64),
    )


def _number(field: str, rows: pl.DataFrame) -> pl.DataFrame:
    number = pl.col("number").cast(pl.Float64)
    whole = number.cast(pl.Int64).cast(pl.String)
    return rows.select("member", "at", field=pl.lit(field), value=whole, number=number)
