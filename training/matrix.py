"""Feature rows of the past to samples: what came of each snapshot."""

from typing import Final

import narwhals as nw
import numpy as np
import polars as pl

from data.moments import DAY
from data.tables import Tables, collect
from features.held import amounts_at_closing
from models.curve import LOST, OPEN, WON, Array
from models.sample import Sample

_SETTLED: Final = 0.95
"""The share of closings that are entered within the delay that is waited for."""
_AT_ONCE: Final = 1e-6
"""Days until a closing that had happened already and was only not known yet."""


def settled(tables: Tables) -> int:
    """Return the moment up to which nearly all closings have been entered.

    It lies before the last fact by the 95th percentile of the delay between a closing and its
    entry: closings of the last days are still on their way, and who counts them as open teaches
    the model that deals stay open.
    """
    delays = (
        tables.deals.filter(~nw.col("closed_at").is_null())
        .select(delay=nw.col("closed_recorded_at") - nw.col("closed_at"))
        .collect(backend="polars")["delay"]
        .to_numpy()
    )
    delay = int(np.quantile(delays, _SETTLED)) if len(delays) else 0
    return tables.last_recorded() - delay


def with_outcomes(rows: pl.DataFrame, tables: Tables, end: float) -> Sample:
    """Look up what came of feature rows.

    A deal counts as closed from when it closed, whenever that was entered: forecasts are of
    closings, not of entries.

    Args:
        rows: feature rows with deal_id and as_of.
        tables: where the closings are looked up.
        end: the moment up to which closings are known, see `settled`; inf where closings have
            no dates, so that one that is known at all lies within.
    """
    closings = collect(tables.deals.select("deal_id", "account_id", "closed_at", "outcome"))
    known = rows.select("deal_id", "as_of").join(
        closings, on="deal_id", how="left", maintain_order="left"
    )
    closed_at = known["closed_at"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    as_of = known["as_of"].to_numpy()
    causes = {"open": OPEN, "won": WON, "lost": LOST}
    return Sample(
        rows=rows,
        days=np.maximum((closed_at - as_of) / DAY, _AT_ONCE),
        cause=known["outcome"].replace_strict(causes, return_dtype=pl.Int64).to_numpy(),
        seen=(end - as_of) / DAY,
        groups=known.select(pl.coalesce("account_id", "deal_id")).to_series().to_numpy(),
    )


def final_amounts(rows: pl.DataFrame, tables: Tables) -> Array:
    """Return the amount that each row's deal was won at, [n]; nan where it is not known to be."""
    joined = rows.select("deal_id").join(
        amounts_at_closing(tables), on="deal_id", how="left", maintain_order="left"
    )
    amounts: Array = joined["amount"].fill_null(np.nan).to_numpy()
    return amounts
