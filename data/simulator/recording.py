"""Recording: when facts became known, and what is left of them at the end of the data."""

from typing import Final

import numpy as np
import polars as pl

from data.contract import table
from data.moments import DAY, HOUR
from data.simulator.calendar import Floats, Ints

LONGEST_DELAY: Final = 42 * DAY
OPINION_HELD: Final = {"won": 0.70, "lost": 0.25}
"""Share of closed deals that have a legal opinion, by outcome."""
OPINION_DAYS: Final = (3, 21)
"""How long before the closing it is said to be."""


def delays(late: Floats, rng: np.random.Generator) -> Ints:
    """Draw how long after a fact it is recorded: mostly at once, else hours to weeks.

    Args:
        late: chance that a fact is recorded late, one a fact.
        rng: where chance comes from.

    """
    delay = 30 * HOUR * np.exp(rng.normal(0, 1.4, len(late)))
    delay = np.clip(delay, HOUR, LONGEST_DELAY).astype(np.int64)
    return np.where(rng.random(len(late)) < late, delay, 0)


def record(
    name: str, rows: pl.DataFrame, deals: pl.DataFrame, end: int, rng: np.random.Generator
) -> pl.DataFrame:
    """Turn what happened into a table of the contract: what was recorded of it by the end.

    Nothing happens to a deal before it is created or from its closing on, and nothing of it
    is recorded before the deal itself. What comes with its creation is recorded with it.

    Args:
        name: the table.
        rows: `member`, `at`, and the table's own columns (those left out are empty).
        deals: `member`, `pipeline`, `deal_id`, `created_at`, `recorded_at`, `closed_at`,
            `lateness`.
        end: the end of the data.
        rng: where chance comes from.

    """
    columns = ("pipeline", "deal_id", "created_at", "closed_at", "lateness")
    known = deals.select("member", *columns, deal_recorded_at="recorded_at")
    kept = (
        rows.join(known, on="member", maintain_order="left")
        .filter(pl.col("at") >= pl.col("created_at"))
        .filter(pl.col("closed_at").is_null() | (pl.col("at") < pl.col("closed_at")))
    )
    late = delays(kept["lateness"].to_numpy(), rng)
    delay = pl.when(pl.col("at") == pl.col("created_at")).then(0).otherwise(pl.Series(late))
    recorded_at = pl.max_horizontal(pl.col("at") + delay, "deal_recorded_at")
    recorded = (
        kept.with_columns(recorded_at=recorded_at, seq=pl.lit(0, pl.Int64))
        .filter(pl.col("recorded_at") <= end)
        .sort("member", "at", maintain_order=True)
    )
    return conform(name, recorded)


def backdated_opinions(deals: pl.DataFrame, end: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return changes that leak by their dates: written with the closing, stamped weeks before.

    Who goes by when they happened sees in an open deal what was written once it had closed.

    Args:
        deals: `pipeline`, `deal_id`, `created_at`, `closed_at`, `closed_recorded_at`, `outcome`.
        end: the end of the data.
        rng: where chance comes from.

    """
    drawn = deals.with_columns(
        chance=pl.Series(rng.random(len(deals))),
        before=pl.Series((rng.uniform(*OPINION_DAYS, len(deals)) * DAY).astype(np.int64)),
    ).filter(pl.col("closed_recorded_at") <= end)
    share = pl.col("outcome").replace_strict(OPINION_HELD, return_dtype=pl.Float64)
    life = pl.col("closed_at") - pl.col("created_at")
    rows = drawn.filter(pl.col("chance") < share).with_columns(
        field=pl.lit("legal_opinion"),
        value=pl.lit("同意"),
        at=pl.col("closed_at") - pl.min_horizontal("before", life // 2),
        recorded_at=pl.col("closed_recorded_at"),
        seq=pl.lit(0, pl.Int64),
    )
    return conform("changes", rows)


def conform(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows in the contract's columns and types; columns left out are empty."""
    schema = table(name).schema
    missing = [pl.lit(None).alias(column) for column in schema if column not in rows.columns]
    return rows.with_columns(missing).select(
        pl.col(column).cast(dtype) for column, dtype in schema.items()
    )
