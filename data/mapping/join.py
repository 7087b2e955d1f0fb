"""Joins: columns of a deal that stand in another file."""

from typing import Final

import polars as pl

from data.mapping.columns import ColumnSpec, Dialect, Strict

_DEAL: Final = "_deal"


class Join(Strict):
    """A file that has a row for some of the deals, such as the sheet of those that were won."""

    file: str
    """Its name, with * and ? as wildcards."""
    sheet: str | None = None
    """The sheet of a workbook; its first when left out."""
    by: str
    """Its column that says the deal."""
    take: tuple[str, ...]
    """Its columns that a table may then name as its own; empty for deals without a row here."""

    def key(self, deal_id: ColumnSpec) -> ColumnSpec:
        """Return how the deal is read here, given how it is read in the table's own file."""
        return deal_id.model_copy(update={"column": self.by})

    def beside(
        self, rows: pl.DataFrame, found: list[pl.DataFrame], deal_id: ColumnSpec, dialect: Dialect
    ) -> pl.DataFrame:
        """Return the table's rows with the taken columns, null where no row here is the deal's."""
        none = pl.DataFrame(schema=dict.fromkeys((self.by, *self.take), pl.String))
        other = pl.concat([none, *(frame.select(none.columns) for frame in found)])
        taken = other.select(
            *self.take, self.key(deal_id).read(other, "text", dialect).alias(_DEAL)
        )
        named = rows.drop(self.take, strict=False).with_columns(
            deal_id.read(rows, "text", dialect).alias(_DEAL)
        )
        return named.join(taken, on=_DEAL, how="left", maintain_order="left").drop(_DEAL)
