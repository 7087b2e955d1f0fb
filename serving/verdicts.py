"""What a bundle says of feature rows, as a frame: so that a cluster's machines can say it."""

from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Final, Self

import polars as pl

from data.errors import NotReady
from data.tables import Tables
from models.bundle import Bundle
from models.curve import Array, Curves

_SAME: Final = ("dealcast", "lightgbm", "numpy", "polars")
"""Packages that must be the same wherever scores are computed."""


@dataclass(frozen=True)
class Teller:
    """Tells curves and amounts of feature rows. It can be sent to another process.

    Attributes:
        bundle: what tells them, without the user's own features: the rows have those already.
        threads: of the boosters.
        versions: of the packages where the job was started.
    """

    bundle: Bundle
    threads: int
    versions: tuple[str, ...]

    @classmethod
    def of(cls, bundle: Bundle, threads: int) -> Self:
        """Take a bundle, to be sent from here."""
        bare = replace(bundle, context=replace(bundle.context, custom=()))
        return cls(bare, threads, _versions())

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return a row for each: amount, and won_<n> and lost_<n> at each edge.

        Raises:
            NotReady: the packages here are others than where the job was started.
        """
        if self.versions != _versions():
            raise NotReady(
                "a machine of the cluster has other versions",
                field="PYSPARK_PYTHON",
                value=str(_versions()),
                allowed=str(self.versions),
                remedy="install the same environment on all machines",
            )
        curves = self.bundle.curves(rows, self.threads)
        told = {"amount": self.bundle.amounts(rows, self.threads)}
        for name, by_edge in (("won", curves.won.T), ("lost", curves.lost.T)):
            told |= {f"{name}_{edge}": column for edge, column in enumerate(by_edge)}
        return pl.DataFrame(told)


def told(
    tables: Tables, bundle: Bundle, rows: pl.DataFrame, threads: int = 1
) -> tuple[Curves, Array]:
    """Return the curves and amounts of feature rows, computed where the engine computes."""
    if not tables.host.remote:
        return bundle.curves(rows, threads), bundle.amounts(rows, threads)
    edges = bundle.curves(rows.clear()).edges
    found = tables.host.apply(Teller.of(bundle, threads), rows)
    won, lost = (found.select(f"^{name}_.*$").to_numpy() for name in ("won", "lost"))
    return Curves(edges, won, lost), found["amount"].to_numpy()


def _versions() -> tuple[str, ...]:
    return tuple(version(name) for name in _SAME)
