"""Work: what sellers did, by day and kind, and which accounts they followed."""

import narwhals as nw
import polars as pl

from data.moments import DAY
from data.tables import Tables, collect
from serving.desk.deals import OWNERS


def work_done(tables: Tables, as_of: int, deals: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Count the activities that were done, as known at a moment.

    An activity belongs to whoever did it, or else to the deal's owner.

    Args:
        tables: the pipeline's tables.
        as_of: the moment.
        deals: what `known_deals` says at it, with value.

    Returns:
        owner_id, team, region, day (moment), kind, count; and owner_id, team, region, account_id,
        week (moment of its Monday), value: the accounts followed in a week, with the largest
        amount of a deal of theirs that was worked on.
    """
    done = collect(
        tables.known_by(as_of)
        .activities.filter(nw.col("status") == "done", nw.col("at") <= as_of)
        .select("deal_id", "at", "kind", by="owner_id")
    )
    owned = deals.select("deal_id", "owner_id", "account_id", "value")
    whose = done.join(owned, on="deal_id").with_columns(owner_id=pl.coalesce("by", "owner_id"))
    day = pl.col("at") - pl.col("at") % DAY
    counted = whose.group_by("owner_id", "kind", day=day).agg(count=pl.len().cast(pl.Int64))
    week = pl.from_epoch("at", time_unit="us").dt.truncate("1w").dt.epoch("us")
    followed = whose.group_by("owner_id", "account_id", week=week).agg(pl.col("value").max())
    teams = _teams(tables)
    return (
        counted.join(teams, on="owner_id", how="left").sort("day", "owner_id", "kind"),
        followed.join(teams, on="owner_id", how="left").sort("week", "owner_id", "account_id"),
    )


def sellers(tables: Tables) -> pl.DataFrame:
    """Return the sellers: owner_id, owner (name, or else id), role, team, region."""
    owners = collect(tables.owners.select("owner_id", "role", "team", "region", owner="name"))
    named = owners.with_columns(pl.coalesce("owner", "owner_id"))
    return named.select("owner_id", *OWNERS).sort("owner_id")


def _teams(tables: Tables) -> pl.DataFrame:
    return collect(tables.owners.select("owner_id", "team", "region"))
