"""What is usual for a stage: how long deals in it go without an activity."""

from typing import Final

import narwhals as nw
import polars as pl

from data.moments import DAY, HOUR
from data.tables import Frame, Tables, collect

LEAST_GAPS: Final = 20
"""Below so many, nothing is called usual of a stage."""
_SHORTEST: Final = HOUR / DAY
"""Days: what a log writes within the hour is one piece of work."""


def usual_gaps(tables: Tables) -> tuple[tuple[str, float], ...]:
    """Return the median days from one activity done to the next, by the stage at the first.

    Args:
        tables: cut at the moment of training.

    Returns:
        Stages and days, sorted; under "" those of all stages. Empty without activities.
    """
    gaps = _gaps(tables)
    known = gaps.filter(~nw.col("stage").is_null())
    by_stage = collect(known.group_by("stage").agg(nw.len(), nw.col("gap").median()))
    enough = by_stage.filter(pl.col("len") >= LEAST_GAPS).sort("stage")
    overall = collect(gaps.select(nw.col("gap").median()))["gap"].item()
    if overall is None:
        return ()
    found = {"": overall, **dict(enough.select("stage", "gap").iter_rows())}
    return tuple((stage, max(days / DAY, _SHORTEST)) for stage, days in found.items())


def _gaps(tables: Tables) -> Frame:
    """Return the stage at each activity done, and the microseconds to the deal's next one."""
    done = _typed(tables.activities.filter(nw.col("status") == "done"), None)
    moved = _typed(tables.changes.filter(nw.col("field") == "stage"), nw.col("value"))
    facts = nw.concat([done, moved], how="vertical").with_columns(
        stage=nw.col("stage").fill_null(strategy="forward").over("deal_id", order_by=("at", "kind"))
    )
    touches = facts.filter(nw.col("kind") == 1).with_columns(
        gap=nw.col("at").shift(-1).over("deal_id", order_by="at") - nw.col("at")
    )
    return touches.filter(~nw.col("gap").is_null()).select("stage", "gap")


def _typed(frame: Frame, stage: nw.Expr | None) -> Frame:
    return frame.select(
        "deal_id",
        "at",
        stage=(nw.lit(None) if stage is None else stage).cast(nw.String),
        kind=nw.lit(1 if stage is None else 0, nw.Int64),
    )
