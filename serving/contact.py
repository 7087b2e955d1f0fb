"""What if: the same deals, had sellers just spent a week in contact with them and been answered.

The bundle has learned how deals end that were in such contact, and how those that were not. The
difference is what work is assumed to change, see `serving.insights.response`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import narwhals as nw
import polars as pl

from data.contract import TABLES
from data.moments import HOUR
from data.tables import Tables

_OWN: Final = 3
_ANSWERS: Final = 2
"""A week's contact: one each of so many kinds by the seller, and answers in so many of them."""


def with_contact(known: Tables, deal_ids: pl.Series, as_of: int, kinds: Sequence[str]) -> Tables:
    """Return tables in which each of some deals has just had a week's contact.

    Args:
        known: the tables as they stood at the moment.
        deal_ids: which deals.
        as_of: the moment; all of the contact is within the hours before, so that it counts as
            of the last week in every pipeline.
        kinds: the pipeline's kinds of activity, the most frequent first.
    """
    acts = [("out", kind) for kind in kinds[:_OWN]] + [("in", kind) for kind in kinds[:_ANSWERS]]
    asked = pl.DataFrame({"deal_id": deal_ids})
    told = pl.concat(
        asked.with_columns(
            activity_id=pl.format("{}-{}", pl.lit(f"what-if-{place}"), "deal_id"),
            at=pl.lit(as_of - (len(acts) - place) * HOUR, pl.Int64),
            kind=pl.lit(kind),
            direction=pl.lit(direction),
            status=pl.lit("done"),
        )
        for place, (direction, kind) in enumerate(acts)
    ).with_columns(recorded_at="at", seq=pl.lit(0, pl.Int64))
    schema = TABLES["activities"].schema
    missing = {n: pl.lit(None, kind) for n, kind in schema.items() if n not in told.columns}
    rows = told.with_columns(**missing).select(schema.names())
    both = [known.activities.select(schema.names()), known.put(rows)]
    return replace(known, activities=nw.concat(both, how="vertical"))
