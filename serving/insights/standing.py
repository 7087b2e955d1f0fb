"""How things stood at a moment: open deals with their current values."""

import narwhals as nw
import polars as pl

from data.tables import Tables, collect
from features.held import held


def standing(tables: Tables, as_of: int) -> pl.DataFrame:
    """Return the deals open at a moment as people know them.

    Args:
        tables: the pipeline's tables; facts known only later are not used.
        as_of: the moment (microseconds of UTC).

    Returns:
        A row per open deal, sorted by deal_id: deal_id, title, account (name or else id), stage,
        owner_id, owner (name or else id), team, amount, currency, last_touch_at (moment),
        last_touch_kind; null where unknown.
    """
    known = tables.known_by(as_of)
    deals = collect(
        known.deals.filter(nw.col("outcome") == "open").select(
            "deal_id", "title", "account_id", "currency"
        )
    )
    accounts = collect(known.accounts.select("account_id", account="name"))
    owners = collect(known.owners.select("owner_id", "team", owner="name"))
    return (
        deals.join(accounts, on="account_id", how="left")
        .join(held(known), on="deal_id", how="left")
        .join(owners, on="owner_id", how="left")
        .join(_last_touch(known), on="deal_id", how="left")
        .select(
            "deal_id",
            "title",
            pl.coalesce("account", "account_id"),
            "stage",
            "owner_id",
            pl.coalesce("owner", "owner_id"),
            "team",
            "amount",
            "currency",
            "last_touch_at",
            "last_touch_kind",
        )
        .sort("deal_id")
    )


def _last_touch(known: Tables) -> pl.DataFrame:
    done = collect(known.activities.filter(nw.col("status") == "done"))
    return (
        done.sort("at", "seq", "activity_id")
        .group_by("deal_id")
        .agg(last_touch_at=pl.last("at"), last_touch_kind=pl.last("kind"))
    )
