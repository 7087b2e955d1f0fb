"""What is usual: what a reason sets a deal's own fact against.

Of a number that is the median, of a word what became of other deals that had it.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import polars as pl

from features.catalogue import Feature
from models.curve import WON
from models.sample import Sample

LEAST_SNAPSHOTS: Final = 20
"""Below so many snapshots, nothing is called usual of a stage."""
LEAST_DEALS: Final = 20
"""Below so many closed deals, nothing is said of what becomes of a word."""


@dataclass(frozen=True)
class Usual:
    """Medians of numbers over snapshots of open deals, and shares won of closed deals by word.

    Attributes:
        names: the features, in the order of the medians.
        overall: the median of each; None where fewer than half of the snapshots have a value.
        by_stage: the same of each stage with at least `LEAST_SNAPSHOTS` snapshots.
        won: the share won of all deals that closed; None where none did.
        won_of: by category and word, the share won of the closed deals that had it while they
            were open, of words with at least `LEAST_DEALS` of them.
    """

    names: tuple[str, ...]
    overall: tuple[float | None, ...]
    by_stage: dict[str, tuple[float | None, ...]]
    won: float | None = None
    won_of: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def learn(cls, sample: Sample, features: list[Feature]) -> Self:
        """Learn from training's snapshots, whose rows have a column `stage`."""
        rows = sample.rows
        names = [feature.name for feature in features if feature.kind == "number"]
        medians = [
            pl.when(pl.col(name).count() * 2 >= pl.len()).then(pl.col(name).median()).alias(name)
            for name in names
        ]
        known = rows.filter(pl.col("stage").is_not_null()).group_by("stage").agg(pl.len(), *medians)
        stages = known.filter(pl.col("len") >= LEAST_SNAPSHOTS).drop("len").sort("stage")
        by_stage = {stage: tuple(found) for stage, *found in stages.iter_rows()}
        closed = _closed(sample)
        words = [feature.name for feature in features if feature.kind == "category"]
        return cls(
            tuple(names),
            rows.select(medians).row(0),
            by_stage,
            closed.unique("deal_id").select(pl.col("won").mean()).item(),
            {name: _won_of(closed, name) for name in words},
        )

    def of(self, stage: str | None) -> dict[str, float | None]:
        """Return the medians of a stage by feature, the overall ones where it has none."""
        medians = self.by_stage.get(stage or "", self.overall)
        return dict(zip(self.names, medians, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        by_stage = {stage: tuple(medians) for stage, medians in document["by_stage"].items()}
        told = {name: document[name] for name in ("won", "won_of") if name in document}
        return cls(tuple(document["names"]), tuple(document["overall"]), by_stage, **told)


def _closed(sample: Sample) -> pl.DataFrame:
    """Return the rows of deals whose closing is known, and whether they were won."""
    won = sample.rows.with_columns(won=pl.Series(sample.cause == WON))
    return won.filter(sample.days <= sample.seen)


def _won_of(closed: pl.DataFrame, name: str) -> dict[str, float]:
    """Return the share won by word; a deal counts once with each word that it had."""
    deals = closed.drop_nulls(name).unique(["deal_id", name])
    shares = deals.group_by(name).agg(pl.len(), pl.col("won").mean())
    enough = shares.filter(pl.col("len") >= LEAST_DEALS).sort(name)
    return dict(enough.select(name, "won").iter_rows())
