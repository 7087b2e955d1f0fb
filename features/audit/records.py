"""The records an audit looks at: deals in their order, with every column that tells of them."""

from dataclasses import dataclass, replace
from typing import Any, Final

import narwhals as nw
import polars as pl

from data.contract import TRACKED, Pipeline
from data.tables import Tables, collect
from features.audit.alone import Bools
from features.beside import ACCOUNT

_OWN: Final = ("source", "product")
FACTS: Final = ("changes", "activities", "checklist", "contacts")


@dataclass(frozen=True)
class Column:
    """A column as the mapping has it: its name, the source's name for it, its policy."""

    name: str
    called: str
    policy: str


@dataclass(frozen=True)
class Records:
    """n deals, the oldest first.

    Attributes:
        columns: what is audited.
        values: a column of words or numbers for each, and deal_id, created_at, closed_at, [n].
        won: whether it was won, [n].
        closed: whether it is closed, [n].
        groups: the account, or the deal where it has none: what counts once as evidence, [n].
    """

    columns: tuple[Column, ...]
    values: pl.DataFrame
    won: Bools
    closed: Bools
    groups: pl.Series

    @classmethod
    def of(cls, tables: Tables, pipeline: Pipeline) -> "Records":
        """Collect the deals, whatever the policies of their columns are."""
        deals = collect(tables.deals.select(*_MOMENTS, *_OWN, "account_id", "attributes"))
        deals = deals.sort("created_at", "deal_id")
        values = _with_attributes(_with_account(deals, tables), pipeline)
        if not pipeline.dated:
            values = _with_first_values(values, tables)
        own = [Column(name, name, "fixed") for name in _columns_of(values)]
        attributes = [
            Column(name, one.column or name, one.policy)
            for name, one in pipeline.attributes.items()
            if name in values.columns
        ]
        outcome = values["outcome"]
        won, closed = (outcome == "won").to_numpy(), (outcome != "open").to_numpy()
        groups = values.select(pl.coalesce("account_id", "deal_id")).to_series()
        return cls((*own, *attributes), values, won, closed, groups)


_MOMENTS: Final = ("deal_id", "created_at", "closed_at", "outcome")


def _columns_of(values: pl.DataFrame) -> list[str]:
    """Return the contract's columns that are there and not empty throughout."""
    own = (*_OWN, *ACCOUNT, *TRACKED)
    return [n for n in own if n in values.columns and values[n].null_count() < len(values)]


def _with_account(deals: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    accounts = collect(tables.accounts.select("account_id", *ACCOUNT))
    return deals.join(accounts, on="account_id", how="left", maintain_order="left")


def _with_attributes(deals: pl.DataFrame, pipeline: Pipeline) -> pl.DataFrame:
    """Add the attributes that stand in the deal's row; tracked ones are facts, see `facts`."""
    types = {"text": pl.String(), "number": pl.Float64()}
    wanted = {
        name: types[one.type]
        for name, one in pipeline.attributes.items()
        if one.policy != "tracked"
    }
    if not wanted:
        return deals.drop("attributes")
    told = deals["attributes"].fill_null("{}").str.json_decode(pl.Struct(wanted))
    return deals.drop("attributes", *wanted, strict=False).hstack(told.struct.unnest())


def _with_first_values(deals: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Add what records without dates said of the tracked fields, at the one time they were seen."""
    changes = collect(
        tables.changes.filter(nw.col("field").is_in(TRACKED)).select(
            "deal_id", "field", "value", "number"
        )
    )
    for field in changes["field"].unique().sort():
        of_field = changes.filter(pl.col("field") == field).unique("deal_id", keep="first")
        kind = "number" if field in ("amount", "expected_close_at") else "value"
        said = of_field.select("deal_id", pl.col(kind).alias(field))
        deals = deals.join(said, on="deal_id", how="left", maintain_order="left")
    return deals


def of_deals(tables: Tables, deals: pl.DataFrame) -> Tables:
    """Return the world of some deals: their rows and their facts.

    Args:
        tables: of all deals.
        deals: with the column deal_id.
    """
    chosen = tables.put(deals.select("deal_id"))
    world: dict[str, Any] = {
        name: getattr(tables, name).join(chosen, on="deal_id", how="semi")
        for name in ("deals", *FACTS)
    }
    return replace(tables, **world)
