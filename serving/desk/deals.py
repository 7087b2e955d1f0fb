"""Every deal as people knew it at a moment, open or closed."""

from typing import Final

import narwhals as nw
import polars as pl

from data.contract import POLARS_TYPES, Pipeline
from data.tables import Tables, collect
from features.held import held

COMMIT: Final = "commit"
"""The tracked attribute that holds the seller's own call."""
OWNERS: Final = ("owner", "role", "team", "region")


def known_deals(tables: Tables, as_of: int, pipeline: Pipeline) -> pl.DataFrame:
    """Return the deals known at a moment.

    Args:
        tables: the pipeline's tables; facts known only later are not used.
        as_of: the moment (microseconds of UTC).
        pipeline: its settings.

    Returns:
        A row per deal, sorted by deal_id: deal_id, title, account_id, account and owner (names, or
        else ids), owner_id, role, team, region, source, product, stage, amount, currency,
        created_at, recorded_at, closed_at, outcome, expected_close_at, opened_with (the first
        amount), commit, effective (of the handbook), margin, reason; null where unknown. Who owns a
        deal is who did so last, and team and region are that seller's now.
    """
    known, practice = tables.known_by(as_of), pipeline.practice
    wanted = {"margin": practice.margin, "reason": practice.reason}
    tracked = {name for name, one in pipeline.attributes.items() if one.policy == "tracked"}
    words = sorted({COMMIT, *filter(None, wanted.values())} & tracked)
    columns = ("title", "account_id", "source", "product", "currency", "attributes")
    times = ("created_at", "recorded_at", "closed_at", "outcome")
    deals = collect(known.deals.select("deal_id", *columns, *times))
    accounts = collect(known.accounts.select("account_id", account="name"))
    owners = collect(known.owners.select("owner_id", "role", "team", "region", owner="name"))
    stated = _stated(deals["attributes"], pipeline, [n for n in wanted.values() if n])
    joined = (
        deals.drop("attributes")
        .hstack([one for one in stated if one.name not in words])
        .join(held(known, tuple(words)), on="deal_id", how="left")
        .join(accounts, on="account_id", how="left")
        .join(owners, on="owner_id", how="left")
        .join(_first_amounts(known), on="deal_id", how="left")
        .join(_confirmed(known, practice.effective), on="deal_id", how="left")
    )
    ladder = pipeline.stages[1:]
    beyond = pl.col("stage").is_in(ladder) if ladder else pl.lit(True)
    effective = pl.col("confirmed").fill_null(False) if practice.effective else beyond
    return joined.select(
        "deal_id",
        "title",
        "account_id",
        pl.coalesce("account", "account_id"),
        "owner_id",
        pl.coalesce("owner", "owner_id"),
        *("role", "team", "region", "source", "product", "stage", "amount", "currency"),
        *(*times, "expected_close_at", "opened_with"),
        _column(joined, COMMIT, pl.String).alias("commit"),
        effective.alias("effective"),
        _column(joined, practice.margin, pl.Float64).alias("margin"),
        _column(joined, practice.reason, pl.String).alias("reason"),
    ).sort("deal_id")


def _stated(attributes: pl.Series, pipeline: Pipeline, names: list[str]) -> list[pl.Series]:
    """Read attributes of the source's own from the JSON."""
    kinds = {
        name: POLARS_TYPES[pipeline.attributes[name].column_type]
        for name in names
        if name in pipeline.attributes
    }
    if not kinds:
        return []
    read = attributes.fill_null("{}").str.json_decode(pl.Struct(kinds))
    return read.struct.unnest().get_columns()


def _column(frame: pl.DataFrame, name: str | None, kind: type[pl.DataType]) -> pl.Expr:
    here = name is not None and name in frame.columns
    return pl.col(name).cast(kind, strict=False) if here and name else pl.lit(None, kind)


def _first_amounts(known: Tables) -> pl.DataFrame:
    said = collect(known.changes.filter(nw.col("field") == "amount"))
    first = said.filter(pl.col("number").is_not_null()).sort("at", "recorded_at", "seq")
    return first.group_by("deal_id").agg(opened_with=pl.first("number"))


def _confirmed(known: Tables, items: tuple[str, ...]) -> pl.DataFrame:
    """Return deal_id and whether all items of its checklist stand confirmed."""
    told = collect(known.checklist.filter(nw.col("item").is_in(items)))
    last = told.sort("at", "recorded_at", "seq").group_by("deal_id", "item").agg(pl.last("status"))
    done = last.group_by("deal_id").agg(found=(pl.col("status") == "C").sum())
    return done.select("deal_id", confirmed=pl.col("found") == len(items))
