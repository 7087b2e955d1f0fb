"""What stands beside a deal's history: what is fixed, its account, and who holds it."""

from typing import Final

import narwhals as nw
import polars as pl

from data.tables import Frame, Tables
from features.context import Context
from features.history import History, activity, change

KEY: Final = ("deal_id", "as_of")
ACCOUNT: Final = ("industry", "region", "employees", "revenue")
LAST_TOUCH: Final = "last_touch"
ENDING: Final = ("outcome", "closed_at", "closed_recorded_at")
"""Columns of `deals` that no feature may see: what became of the deal."""


def deals_of(tables: Tables) -> Frame:
    """Return what is fixed of each deal."""
    return tables.deals.drop(*ENDING)


def accounts_of(tables: Tables) -> Frame:
    """Return what is known of each account, and since when."""
    return tables.accounts.select("account_id", *ACCOUNT, known_at="recorded_at")


def owners_of(tables: Tables) -> Frame:
    """Return team, role and first day of each owner."""
    return tables.owners.select("owner_id", "team", "hired_at", owner_role="role")


def told_by(history: History) -> dict[str, nw.Expr]:
    """Ask a history who holds the deal, who competes for it, and when it was last touched."""
    held = {name: history.held(change(name)) for name in _held(history.context)}
    return held | {LAST_TOUCH: history.last(activity(status="done"))}


def beside(history: History, answers: Frame, deals: Frame, accounts: Frame, owners: Frame) -> Frame:
    """Return what the deal's history does not say, row by row beside its answers.

    That is: what is fixed from the deal's creation, what was known of its account by then, and
    `told_by`. Answers themselves are not joined: on a million rows each join would copy all of
    them.

    Args:
        history: what was asked.
        answers: its answers, on Polars, as are the others.
        deals: see `deals_of`; of a deal that is not there all is null.
        accounts: see `accounts_of`.
        owners: see `owners_of`.
    """
    rows: pl.LazyFrame = answers.select(*KEY, **told_by(history)).to_native()
    for other, key in ((deals, "deal_id"), (accounts, "account_id"), (owners, "owner_id")):
        # Narwhals has no word for the order of rows
        rows = rows.join(other.to_native(), on=key, how="left", maintain_order="left")
    known = pl.col("known_at") <= pl.col("as_of")
    account = {name: pl.when(known).then(pl.col(name)) for name in ACCOUNT}
    return nw.from_native(rows.with_columns(**account))


def _held(context: Context) -> list[str]:
    """Name the tracked fields that say whose tallies are wanted."""
    return ["owner_id", *(name for name in context.rivals if name in context.tracked_texts)]
