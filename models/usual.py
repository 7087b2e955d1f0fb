"""What is usual: the medians that a reason sets a deal's own fact against."""

from dataclasses import dataclass
from typing import Any, Final, Self

import polars as pl

from features.catalogue import Feature

LEAST_SNAPSHOTS: Final = 20
"""Below so many snapshots, nothing is called usual of a stage."""


@dataclass(frozen=True)
class Usual:
    """Medians of numbers over snapshots of open deals, by stage and over all.

    Attributes:
        names: the features, in the order of the medians.
        overall: the median of each; None where fewer than half of the snapshots have a value.
        by_stage: the same of each stage with at least `LEAST_SNAPSHOTS` snapshots.
    """

    names: tuple[str, ...]
    overall: tuple[float | None, ...]
    by_stage: dict[str, tuple[float | None, ...]]

    @classmethod
    def learn(cls, rows: pl.DataFrame, features: list[Feature]) -> Self:
        """Take the medians of training's feature rows, which have a column `stage`."""
        names = [feature.name for feature in features if feature.kind == "number"]
        medians = [
            pl.when(pl.col(name).count() * 2 >= pl.len()).then(pl.col(name).median()).alias(name)
            for name in names
        ]
        known = rows.filter(pl.col("stage").is_not_null()).group_by("stage").agg(pl.len(), *medians)
        stages = known.filter(pl.col("len") >= LEAST_SNAPSHOTS).drop("len").sort("stage")
        by_stage = {stage: tuple(found) for stage, *found in stages.iter_rows()}
        return cls(tuple(names), rows.select(medians).row(0), by_stage)

    def of(self, stage: str | None) -> dict[str, float | None]:
        """Return the medians of a stage by feature, the overall ones where it has none."""
        medians = self.by_stage.get(stage or "", self.overall)
        return dict(zip(self.names, medians, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads back, fit for JSON."""
        return {"names": self.names, "overall": self.overall, "by_stage": self.by_stage}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        by_stage = {stage: tuple(medians) for stage, medians in document["by_stage"].items()}
        return cls(tuple(document["names"]), tuple(document["overall"]), by_stage)
