"""Spells: which stages each deal has stood in, since when, and what came next."""

from collections.abc import Sequence
from typing import Final

import narwhals as nw
import polars as pl

from data.tables import Tables, collect

SCOPED: Final = ("owner_id", "team", "region", "source", "product")
"""What deals, and all that is told of them, are chosen by."""


def stage_spells(tables: Tables, as_of: int, deals: pl.DataFrame) -> pl.DataFrame:
    """Return how deals have moved, as known at a moment.

    Args:
        tables: the pipeline's tables.
        as_of: the moment.
        deals: what `known_deals` says at it.

    Returns:
        A row per deal and stay in a stage, sorted by deal_id and entered_at: deal_id, the deal's
        columns of `SCOPED`, stage, entered_at, left_at (null while it stands there), next: the
        stage entered then, or won or lost; null while it stands there.
    """
    moves = collect(
        tables.known_by(as_of)
        .changes.filter(nw.col("field") == "stage", ~nw.col("value").is_null())
        .select("deal_id", "at", "recorded_at", "seq", stage="value")
    )
    ends = deals.select("deal_id", "closed_at", "outcome", *SCOPED)
    same = pl.col("deal_id") == pl.col("deal_id").shift()
    moved = (pl.col("stage") != pl.col("stage").shift()).fill_null(True)
    stays = (
        moves.join(ends, on="deal_id")
        .filter(pl.col("closed_at").is_null() | (pl.col("at") < pl.col("closed_at")))
        .sort("deal_id", "at", "recorded_at", "seq")
        .filter(~same.fill_null(False) | moved)
    )
    goes_on = pl.col("deal_id") == pl.col("deal_id").shift(-1)
    closed = pl.when(pl.col("outcome") != "open")
    return stays.select(
        "deal_id",
        *SCOPED,
        "stage",
        entered_at="at",
        left_at=pl.when(goes_on).then(pl.col("at").shift(-1)).otherwise(closed.then("closed_at")),
        next=pl.when(goes_on).then(pl.col("stage").shift(-1)).otherwise(closed.then("outcome")),
    )


def reached(spells: pl.DataFrame, deals: pl.DataFrame, ladder: Sequence[str]) -> pl.DataFrame:
    """Add to deals when each stage of the ladder, or a later one, was first reached.

    A deal that skips a stage has reached it with the next. So the shares that go on from stage to
    stage multiply up to the share that is won.

    Args:
        spells: what `stage_spells` says.
        deals: what `known_deals` says.
        ladder: the stages, first stage first.

    Returns:
        The deals with reached_0, …, reached_k (moments, null where it never was); the last of
        them is when the deal was won.
    """
    places = {stage: place for place, stage in enumerate(ladder)}
    on_ladder = spells.filter(pl.col("stage").is_in(list(places))).select(
        "deal_id", "entered_at", place=pl.col("stage").replace_strict(places, return_dtype=pl.Int64)
    )
    first = on_ladder.group_by("deal_id").agg(
        pl.col("entered_at").filter(pl.col("place") >= place).min().alias(f"reached_{place}")
        for place in range(len(ladder))
    )
    won_at = pl.when(pl.col("outcome") == "won").then("closed_at")
    with_won = deals.join(first, on="deal_id", how="left", maintain_order="left").with_columns(
        won_at.alias(f"reached_{len(ladder)}")
    )
    return with_won.with_columns(
        pl.coalesce(f"reached_{place}", won_at) for place in range(len(ladder))
    )
