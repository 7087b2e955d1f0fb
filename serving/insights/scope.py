"""Whose deals, and which: what every insight can be narrowed to."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import polars as pl

from data.errors import BadInput, did_you_mean


@dataclass(frozen=True)
class Scope:
    """A choice of deals; None leaves a side open.

    Attributes:
        owner_id: sellers by id.
        team: teams.
        region: the sellers' regions.
        source: what brought the deals.
        product: what is to be sold.
    """

    owner_id: tuple[str, ...] | None = None
    team: tuple[str, ...] | None = None
    region: tuple[str, ...] | None = None
    source: tuple[str, ...] | None = None
    product: tuple[str, ...] | None = None

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows in scope, by those of the columns that the frame has."""
        chosen = [
            pl.col(name).is_in(values)
            for name, values in self.chosen.items()
            if name in frame.columns
        ]
        return frame.filter(*chosen) if chosen else frame

    @property
    def chosen(self) -> dict[str, tuple[str, ...]]:
        """What is narrowed, by column."""
        sides = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: values for name, values in sides.items() if values is not None}

    def within(self, other: Self) -> "Scope":
        """Return what lies in both: a wish within what may be seen."""
        both = {
            one.name: _both(getattr(self, one.name), getattr(other, one.name))
            for one in fields(self)
        }
        return Scope(**both)

    def check(self, deals: pl.DataFrame) -> None:
        """Refuse a word that no deal has.

        Raises:
            BadInput: naming the side, the word and those that there are.
        """
        for name, values in self.chosen.items():
            known = deals[name].drop_nulls().unique().sort().to_list()
            for value in values:
                if value not in known:
                    raise BadInput(
                        f"no deal has this {name}",
                        field=name,
                        value=value,
                        allowed=", ".join(known[:30]) or "none",
                        remedy=did_you_mean(value, known) or None,
                    )


def _both(left: Sequence[str] | None, right: Sequence[str] | None) -> tuple[str, ...] | None:
    if left is None or right is None:
        chosen = right if left is None else left
        return None if chosen is None else tuple(chosen)
    return tuple(one for one in left if one in right)
