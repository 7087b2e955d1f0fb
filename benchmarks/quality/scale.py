"""How far one machine goes: a million snapshots to learn from, ten thousand deals to score."""

import resource
import time
from typing import Any, Final

import numpy as np
import polars as pl

from data.moments import DAY, parse_moment
from features.catalogue import Feature
from features.pace import Pace
from models.boosting import Settings
from models.curve import LOST, WON
from models.hazard import HazardModel
from models.sample import Sample

SNAPSHOTS: Final = 1_000_000
FEATURES: Final = 40
SCORED: Final = 10_000
_SPAN_DAYS: Final = 1_000


def measured(snapshots: int = SNAPSHOTS, scored: int = SCORED, threads: int = 2) -> dict[str, Any]:
    """Fit on made-up snapshots with default settings and score others with whole curves.

    Returns:
        snapshots, features, bins, scored; fit_s, score_s: wall seconds; cpu_s of both; peak_mb:
        the most memory that this process ever held, the made-up data included.
    """
    rng = np.random.default_rng(0)
    sample, features = made(snapshots, rng)
    edges = np.array(Pace.of(7, (28, 91, 182, 364)).edges, dtype=float)
    worked, started = time.process_time(), time.monotonic()
    model = HazardModel.fit(sample, features, edges, Settings(threads=threads), seed=0)
    fitted = time.monotonic()
    model.curves(sample.rows.head(scored), threads)
    return {
        "snapshots": snapshots,
        "features": len(features),
        "bins": len(edges) - 1,
        "scored": scored,
        "fit_s": fitted - started,
        "score_s": time.monotonic() - fitted,
        "cpu_s": time.process_time() - worked,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def made(snapshots: int, rng: np.random.Generator) -> tuple[Sample, list[Feature]]:
    """Make snapshots of deals that close the sooner, and are won the more often, the better.

    Four columns in forty are words, a tenth of the numbers is missing, ten snapshots are a deal's.
    """
    end = parse_moment("2026-01-05")
    good = rng.normal(size=snapshots)
    numbers = {f"n{k}": good * (k % 5 == 0) + rng.normal(size=snapshots) for k in range(36)}
    words = {f"w{k}": rng.integers(0, 20, snapshots).astype(str) for k in range(3)}
    stage = np.array(["a", "b", "c", "d"])[np.clip(np.digitize(good, (-1, 0, 1)), 0, 3)]
    columns = {
        name: np.where(rng.random(snapshots) < 0.1, np.nan, values)
        for name, values in numbers.items()
    }
    as_of = end - rng.integers(1, _SPAN_DAYS, snapshots) * DAY
    rows = pl.DataFrame(
        {"deal_id": np.arange(snapshots), "as_of": as_of, **columns, **words, "stage": stage},
        nan_to_null=True,
    )
    features = [Feature(name, name, name, "", "fit") for name in columns]
    features += [
        Feature(name, name, name, "", "fit", kind="category") for name in (*words, "stage")
    ]
    won = rng.random(snapshots) < 1 / (1 + np.exp(1 - good))
    seen = (end - as_of) / DAY
    days = rng.exponential(90 * np.exp(-0.3 * good))
    sample = Sample(
        rows=rows,
        days=np.where(days <= seen, days, np.inf),
        cause=np.where(won, WON, LOST),
        seen=seen,
        groups=np.arange(snapshots) // 10,
    )
    return sample, features
