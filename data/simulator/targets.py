"""Targets: what each seller was to win in a quarter, as set before it began."""

from typing import Final

import numpy as np
import polars as pl

from data.moments import DAY
from data.simulator.world import PRODUCT_AMOUNT, PRODUCT_SHARE, World, owner_ids

WIN_RATE: Final = 0.25
STRETCH: Final = 1.1


def targets_table(world: World, deals: int) -> pl.DataFrame:
    """Return quarterly won amounts and deals by seller, as the contract's `targets`.

    They share out what the company expects of a quarter by seat, and ask for a tenth more.
    """
    starts = quarter_starts(world)
    day = np.clip((starts - world.start) // DAY, 0, world.days - 1)
    owner = world.roster[day]
    won = deals / (world.days / 91.3) * WIN_RATE * STRETCH * world.sellers.seat_share
    mean_amount = float(np.dot(PRODUCT_SHARE, PRODUCT_AMOUNT)) * 1.2
    n_seats = owner.shape[1]
    values = {"won_amount": np.round(won * mean_amount, -4), "won_deals": np.ceil(won)}
    return pl.concat(
        pl.DataFrame(
            {
                "scope": ["owner"] * owner.size,
                "scope_id": owner_ids(owner.ravel()),
                "period": ["quarter"] * owner.size,
                "starts_at": np.repeat(starts, n_seats),
                "metric": [metric] * owner.size,
                "value": np.tile(value, len(starts)),
            }
        )
        for metric, value in values.items()
    )


def quarter_starts(world: World) -> np.ndarray:
    """Return the moments at which the quarters of the span begin, the first perhaps before it."""
    span = np.array([world.start, world.end]).astype("datetime64[us]").astype("datetime64[M]")
    first, last = span.astype(np.int64) // 3 * 3
    months = np.arange(first, last + 1, 3).astype("datetime64[M]")
    return months.astype("datetime64[us]").astype(np.int64)
