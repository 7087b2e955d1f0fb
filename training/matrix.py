"""Feature rows of the past to samples: what came of each snapshot."""

import numpy as np
import polars as pl

from data.moments import DAY
from data.tables import Tables
from models.curve import LOST, OPEN, WON
from models.sample import Sample


def with_outcomes(rows: pl.DataFrame, tables: Tables, end: int) -> Sample:
    """Look up what came of feature rows.

    A deal's closing counts from when it became known (`closed_recorded_at`): until then a list
    shows it as open, and at the data's end no closing is still on its way.

    Args:
        rows: feature rows with deal_id and as_of.
        tables: as known by `end`.
        end: the moment up to which closings are known.
    """
    closings: pl.DataFrame = (
        tables.deals.select("deal_id", "account_id", "closed_recorded_at", "outcome")
        .collect(backend="polars")
        .to_native()
    )
    known = rows.select("deal_id", "as_of").join(
        closings, on="deal_id", how="left", maintain_order="left"
    )
    closed_at = known["closed_recorded_at"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    as_of = known["as_of"].to_numpy()
    causes = {"open": OPEN, "won": WON, "lost": LOST}
    return Sample(
        rows=rows,
        days=(closed_at - as_of) / DAY,
        cause=known["outcome"].replace_strict(causes, return_dtype=pl.Int64).to_numpy(),
        seen=(end - as_of) / DAY,
        groups=known.select(pl.coalesce("account_id", "deal_id")).to_series().to_numpy(),
    )
