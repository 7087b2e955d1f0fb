"""What stands beside a deal's history: what is fixed, its account, and who holds it."""

from typing import Final, TypeVar

import narwhals as nw
import numpy as np
import polars as pl

from data.tables import Frame
from features.context import Context
from features.history import History, activity, change

_FEW: Final = 1_000
"""Rows that are sooner found by a dictionary than by a join."""
KEY: Final = ("deal_id", "as_of")
ACCOUNT: Final = ("industry", "region", "employees", "revenue")
LAST_TOUCH: Final = "last_touch"
ENDING: Final = ("outcome", "closed_at", "closed_recorded_at")
"""Columns of `deals` that no feature may see: what became of the deal."""


Held = TypeVar("Held", Frame, pl.DataFrame)
"""On an engine, or in memory."""


def deals_of(deals: Held) -> Held:
    """Return what is fixed of each deal."""
    return deals.select(*(name for name in deals.columns if name not in ENDING))


def accounts_of(accounts: Held) -> Held:
    """Return what is known of each account, and since when."""
    return accounts.select("account_id", *ACCOUNT, known_at="recorded_at")


def owners_of(owners: Held) -> Held:
    """Return team, role and first day of each owner."""
    return owners.select("owner_id", "team", "hired_at", owner_role="role")


def told_by(history: History) -> dict[str, nw.Expr]:
    """Ask a history who holds the deal, who competes for it, and when it was last touched."""
    held = {name: history.held(change(name)) for name in _held(history.context)}
    return held | {LAST_TOUCH: history.last(activity(status="done"))}


def told_of(answers: Frame, history: History) -> Frame:
    """Return `KEY` and what the answers of a history say of `told_by`."""
    return answers.select(*KEY, **told_by(history))


def beside(
    rows: pl.DataFrame,
    deals: pl.DataFrame,
    accounts: pl.DataFrame,
    owners: pl.DataFrame,
) -> pl.DataFrame:
    """Return what the deal's history does not say, row by row beside its answers.

    That is: what is fixed from the deal's creation, what was known of its account by then, and
    `told_by`.

    Args:
        rows: see `told_of`.
        deals: see `deals_of`; of a deal that is not there all is null.
        accounts: see `accounts_of`.
        owners: see `owners_of`.
    """
    for other, key in ((deals, "deal_id"), (accounts, "account_id"), (owners, "owner_id")):
        found = look_up(rows[key], other)
        # an attribute may be called as what is known of accounts or owners: the deal's comes first
        rows = rows.hstack([column for column in found if column.name not in rows.columns])
    known = rows["known_at"] <= rows["as_of"]
    for name in ACCOUNT:
        by_then = rows[name].zip_with(known, pl.Series([None], dtype=rows[name].dtype))
        rows.replace_column(rows.get_column_index(name), by_then)
    return rows


def look_up(keys: pl.Series, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the row of each key, without the key; all null where there is none.

    Args:
        keys: their name is that of the column of `rows` that holds them.
        rows: what is looked up, each key once.
    """
    found, times = look_up_runs(keys, rows)
    found.drop_in_place(keys.name)
    if len(found) == len(keys):
        return found
    return found[np.repeat(np.arange(len(found), dtype=np.uint32), times)]


def look_up_runs(
    keys: pl.Series, rows: pl.DataFrame, nobody: bool = False
) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the row of each run of equal keys, and how long each run is.

    Sorted by deal, a key stands in many rows one below the other, and is looked for once.

    Args:
        keys: as of `look_up`.
        rows: as of `look_up`.
        nobody: whether null is a key, too.
    """
    if max(len(keys), len(rows)) <= _FEW:
        place = {key: at for at, key in enumerate(rows[keys.name]) if nobody or key is not None}
        where = pl.Series([place.get(key) for key in keys], dtype=pl.UInt32)
        return rows[where], np.ones(len(keys), np.int64)
    runs = keys.rle().struct.unnest()
    said, times = runs["value"].to_frame(keys.name), runs["len"].to_numpy()
    found = said.join(rows, keys.name, "left", maintain_order="left", nulls_equal=nobody)
    return found, times


def _held(context: Context) -> list[str]:
    """Name the tracked fields that say whose tallies are wanted."""
    return ["owner_id", *(name for name in context.rivals if name in context.tracked_texts)]
