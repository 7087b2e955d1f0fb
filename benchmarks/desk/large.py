"""A workspace with very many open deals: a small company's, copied under new names."""

from dataclasses import replace
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from data.database import list_items, list_others, open_database
from data.settings import Settings
from data.standing import standing
from serving.desk.build import Desk
from serving.desk.store import read, write

_CLOSED: Final = 3
"""Of so many copies one has the closed deals too."""
_TOGETHER: Final = 4
"""So many copies share their sellers."""


def enlarge(settings: Settings, pipeline: str, open_deals: int) -> None:
    """Copy the open deals of a workspace's desk, standing scores and newest list.

    Args:
        settings: the workspace: its list was published.
        pipeline: whose.
        open_deals: how many there are to be.
    """
    folder = settings.desks / pipeline
    desk = read(folder)
    copies = open_deals // len(desk.deals.filter(outcome="open")) + 1
    write(_copied(desk, copies), folder)
    engine = open_database(settings)
    with engine.begin() as connection:
        for table in (standing, list_items, list_others):
            _copy_rows(connection, table, pipeline, copies)
    engine.dispose()


def counted(settings: Settings, pipeline: str) -> dict[str, int]:
    """Return how many rows a workspace has: open deals, all deals, sellers, items on lists."""
    deals, engine = read(settings.desks / pipeline).deals, open_database(settings)
    with engine.connect() as connection:
        items = connection.scalar(sa.select(sa.func.count()).select_from(list_items))
    engine.dispose()
    return {
        "open": len(deals.filter(outcome="open")),
        "deals": len(deals),
        "sellers": deals["owner_id"].n_unique(),
        "items": int(items or 0),
    }


def _copied(desk: Desk, copies: int) -> Desk:
    """Copy every table; what hangs on a deal goes where the deal does."""
    is_open = desk.deals.select("deal_id", open=pl.col("outcome") == "open")

    def of_deals(frame: pl.DataFrame) -> pl.DataFrame:
        marked = frame.join(is_open, on="deal_id", how="left", maintain_order="left")
        many = marked.join(_numbers(copies), how="cross")
        kept = pl.col("open").fill_null(True) | (pl.col("copy") % _CLOSED == 0)
        return _renamed(many.filter(kept)).select(frame.columns)

    def of_sellers(frame: pl.DataFrame) -> pl.DataFrame:
        some = _numbers(-(-copies // _TOGETHER)).with_columns(pl.col("copy") * _TOGETHER)
        return _renamed(frame.join(some, how="cross")).select(frame.columns)

    frames: dict[str, Any] = {
        **{name: of_deals(getattr(desk, name)) for name in ("deals", "spells", "then", "said")},
        **{name: of_sellers(getattr(desk, name)) for name in ("work", "followed", "sellers")},
    }
    targets = of_sellers(desk.targets.rename({"scope_id": "owner_id"}))
    return replace(desk, targets=targets.rename({"owner_id": "scope_id"}), **frames)


def _numbers(count: int) -> pl.DataFrame:
    return pl.DataFrame({"copy": range(count)}, schema={"copy": pl.Int64})


def _renamed(frame: pl.DataFrame) -> pl.DataFrame:
    copy, sellers = pl.col("copy"), pl.col("copy") // _TOGETHER
    names = {
        "deal_id": pl.format("{}-{}", "deal_id", copy),
        "account_id": pl.format("{}-{}", "account_id", copy),
        "account": pl.format("{} {}", "account", copy),
        "owner_id": pl.format("{}-{}", "owner_id", sellers),
        "owner": pl.format("{} {}", "owner", sellers),
    }
    return frame.with_columns(**{k: v for k, v in names.items() if k in frame.columns})


def _copy_rows(connection: sa.Connection, table: sa.Table, pipeline: str, copies: int) -> None:
    """Insert copies of a table's rows of a pipeline, of its newest week where it has weeks."""
    numbers = sa.select(sa.literal(1).label("copy")).cte("numbers", recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.copy + 1).where(numbers.c.copy < copies - 1))
    mark = sa.literal("-").concat(sa.cast(numbers.c.copy, sa.Text))
    seller = sa.literal("-").concat(sa.cast(numbers.c.copy / _TOGETHER, sa.Text))
    told = {one.name: one for one in table.c}
    values: dict[str, Any] = dict(told)
    for name, end in (("deal_id", mark), ("title", mark), ("owner_id", seller), ("owner", seller)):
        if name in told:
            values[name] = told[name].concat(end)
    if "position" in told:
        most = sa.select(sa.func.max(told["position"])).scalar_subquery()
        values["position"] = told["position"] + numbers.c.copy * most
    columns = [values[name].label(name) for name in told]
    rows = sa.select(*columns).select_from(table.join(numbers, sa.true()))
    rows = rows.where(told["pipeline"] == pipeline)
    if "week" in told:
        newest = sa.select(sa.func.max(told["week"])).scalar_subquery()
        rows = rows.where(told["week"] == newest)
    connection.execute(table.insert().from_select(list(told), rows))
