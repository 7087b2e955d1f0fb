"""What stands on a deal at a moment: of a tracked field's values, the last that happened."""

import narwhals as nw
import polars as pl

from data.contract import TRACKED
from data.tables import Tables, collect


def held(known: Tables) -> pl.DataFrame:
    """Return a row per deal with its deal_id, stage, owner_id and amount, null where unknown.

    Args:
        known: the tables as they stood at the moment, see `Tables.known_by`.
    """
    changes = collect(known.changes.filter(nw.col("field").is_in(TRACKED)))
    last = (
        changes.sort("at", "recorded_at", "seq")
        .group_by("deal_id", "field")
        .agg(pl.last("value"), pl.last("number"))
    )

    def of(field: str, column: str) -> pl.Expr:
        return pl.col(column).filter(pl.col("field") == field).first().alias(field)

    return last.group_by("deal_id").agg(
        of("stage", "value"), of("owner_id", "value"), of("amount", "number")
    )
