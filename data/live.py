"""The live tables of a few deals: what one call needs, and not the whole pipeline."""

from collections.abc import Sequence
from typing import Final

import polars as pl
import sqlalchemy as sa

from data.bulk import read
from data.contract import Pipeline
from data.database import contract_tables
from data.push import OF_DEAL
from data.tables import Tables, lazy_tables

MOST_DEALS: Final = 1_000
"""How many deals are read at once: with more, the whole pipeline is no dearer."""


def read_deals(connection: sa.Connection, pipeline: Pipeline, deal_ids: Sequence[str]) -> Tables:
    """Return the tables with only the rows that bear on some deals.

    Args:
        connection: the database; all is read of one state where it is in a transaction.
        pipeline: whose deals.
        deal_ids: which of them; those that are not there are left out.
    """
    of_deals = {n: _of_deals(connection, n, pipeline, deal_ids) for n in ("deals", *OF_DEAL)}
    changes = of_deals["changes"]
    owners = changes.filter(pl.col("field") == "owner_id")["value"]
    others = {
        "accounts": _named(connection, "accounts", "account_id", of_deals["deals"]["account_id"]),
        "owners": _named(connection, "owners", "owner_id", owners),
    }
    return lazy_tables(of_deals | others, pipeline)


def _of_deals(
    connection: sa.Connection, name: str, pipeline: Pipeline, deal_ids: Sequence[str]
) -> pl.DataFrame:
    table = contract_tables[name]
    ours = sa.and_(table.c.pipeline == pipeline.name, table.c.deal_id.in_(deal_ids))
    return read(connection, sa.select(table).where(ours))


def _named(connection: sa.Connection, name: str, key: str, ids: pl.Series) -> pl.DataFrame:
    table = contract_tables[name]
    wanted = ids.drop_nulls().unique().to_list()
    return read(connection, sa.select(table).where(table.c[key].in_(wanted)))
