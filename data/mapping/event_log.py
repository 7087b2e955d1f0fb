"""`event_log`: one row an event, as process logs are kept: case, activity, time, resource."""

import fnmatch
from collections.abc import Mapping as Map
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field, field_validator

from data import parsing
from data.contract import TABLES, ColumnType, Pipeline
from data.errors import did_you_mean
from data.mapping.base import Mapping, Part, files
from data.mapping.columns import AttributeSpec, Source, Strict
from data.sheet import ORIGIN, TRACKED_TYPES

_DEAL_TYPES: dict[str, ColumnType] = {
    **{c.name: c.type for c in TABLES["deals"].columns},
    **TRACKED_TYPES,
}


class EventColumns(Strict):
    """The columns that say what happened."""

    case: Source
    """The deal's id."""
    activity: Source
    """What happened."""
    at: Source
    """When."""
    lifecycle: Source | None = None
    """How far it was: scheduled, started, completed."""
    resource: Source | None = None
    """Who did it."""


class Stages(Strict):
    """Which events are moves on the ladder; their activity is the stage's name."""

    activities: tuple[str, ...] = ("*",)
    """Names, with * and ? as wildcards."""
    lifecycle: tuple[str, ...] = ()
    """Only with one of these lifecycles; any when left out."""


class Outcome(Strict):
    """The first of these activities closes the deal."""

    won: tuple[str, ...]
    lost: tuple[str, ...]


class EventLog(Mapping):
    """A log of events by case. Events that are no stages are activities of the deal.

    The resource of a stage's event is the deal's owner from then on.
    """

    kind: Literal["event_log"]
    file: str | None = None
    columns: EventColumns
    deal: dict[str, Source] = Field(default_factory=dict)
    """Columns of `deals` repeated in every event; without `created_at`, the first event's time."""
    attributes: dict[str, AttributeSpec] = Field(default_factory=dict)
    """The source's own columns, repeated in every event."""
    stages: Stages = Stages()
    status: dict[str, Literal["planned", "started", "done", "cancelled"]] = Field(
        default_factory=dict
    )
    """What the lifecycles mean for activities; done when left out."""
    outcome: Outcome

    @field_validator("deal")
    @classmethod
    def _speaks_the_contract(cls, deal: dict[str, Source]) -> dict[str, Source]:
        for name in deal:
            if name not in _DEAL_TYPES:
                raise ValueError(f"deals have no {name!r}; {did_you_mean(name, _DEAL_TYPES)}")
        return deal

    def parts(self, source: Path) -> list[Part]:
        """Return a part for every file of events."""
        events = [self.columns.case, self.columns.activity, self.columns.at]
        optional = [c for c in (self.columns.lifecycle, self.columns.resource) if c]
        specs = [*events, *optional, *self.deal.values(), *self.attributes.values()]
        needs = frozenset(name for spec in specs for name in spec.sources)
        return [
            Part(path.name, "activities", path, key=self.columns.case, needs=needs)
            for path in files(source, self.file)
        ]

    def settings(self, name: str, source: Path, columns: Map[str, list[str]]) -> Pipeline:
        """Return the declared settings with the declared attributes."""
        declared = super().settings(name, source, columns)
        own = {name: spec.attribute for name, spec in self.attributes.items()}
        return declared.model_copy(update={"attributes": {**declared.attributes, **own}})

    def records(self, frames: Map[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Return deals, changes (stages and owners) and activities."""
        events = pl.concat([self._events(rows) for rows in frames.values()], how="diagonal")
        stages = events.filter("is_stage")
        return {
            "deals": self._deals(events),
            "changes": pl.concat([_stage_changes(stages), _owner_changes(stages)]),
            "activities": self._activities(events.filter(~pl.col("is_stage"))),
        }

    def _events(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the events in the order of each case, with their place in their moment."""
        read = {
            "deal_id": self.columns.case.read(rows, "text", self),
            "activity": self.columns.activity.read(rows, "text", self),
            "at": self.columns.at.read(rows, "moment", self),
        }
        none = pl.repeat(None, rows.height, dtype=pl.String, eager=True)
        for name in ("lifecycle", "resource"):
            spec = getattr(self.columns, name)
            read[name] = spec.read(rows, "text", self) if spec else none
        for name, spec in self.deal.items():
            read[f"deal {name}"] = spec.read(rows, _DEAL_TYPES[name], self)
        for name, own in self.attributes.items():
            read[f"deal {name}"] = own.read(rows, own.column_type, self)
        events = rows.select(*ORIGIN, *(column.alias(name) for name, column in read.items()))
        return self._ordered(events)

    def _ordered(self, events: pl.DataFrame) -> pl.DataFrame:
        moves = _matches(events["activity"], self.stages.activities)
        if self.stages.lifecycle:
            moves &= events["lifecycle"].is_in(self.stages.lifecycle).fill_null(value=False)
        events = events.with_columns(is_stage=moves, moment=parsing.moments(events["at"]))
        return events.sort("moment", nulls_last=True, maintain_order=True).with_columns(
            seq=pl.int_range(pl.len(), dtype=pl.Int64).over("deal_id", "moment")
        )

    def _deals(self, events: pl.DataFrame) -> pl.DataFrame:
        activity = pl.col("activity")
        closing = activity.is_in([*self.outcome.won, *self.outcome.lost])
        first = activity.filter(closing).first()
        deals = events.group_by("deal_id", maintain_order=True).agg(
            pl.col(*ORIGIN).first(),
            pl.col("^deal .*$").first(),
            first_at=pl.col("at").first(),
            closed_at=pl.col("at").filter(closing).first(),
            outcome=pl.when(first.is_in(self.outcome.won))
            .then(pl.lit("won"))
            .when(first.is_in(self.outcome.lost))
            .then(pl.lit("lost")),
        )
        deals = deals.rename({f"deal {name}": name for name in (*self.deal, *self.attributes)})
        if "created_at" in self.deal:
            return deals.drop("first_at")
        return deals.rename({"first_at": "created_at"})

    def _activities(self, events: pl.DataFrame) -> pl.DataFrame:
        lifecycle = pl.col("lifecycle")
        return events.select(
            *ORIGIN,
            "deal_id",
            "at",
            "seq",
            kind="activity",
            owner_id="resource",
            status=lifecycle.replace(self.status),
        )


def _matches(column: pl.Series, patterns: tuple[str, ...]) -> pl.Series:
    names = [n for n in column.unique() if n and any(fnmatch.fnmatchcase(n, p) for p in patterns)]
    return column.is_in(names).fill_null(value=False)


def _stage_changes(stages: pl.DataFrame) -> pl.DataFrame:
    return stages.select(*ORIGIN, "deal_id", "at", "seq", field=pl.lit("stage"), value="activity")


def _owner_changes(stages: pl.DataFrame) -> pl.DataFrame:
    """Return a change wherever a stage's event was done by another than the one before it."""
    known = stages.filter(pl.col("resource").is_not_null())
    new = pl.col("resource").ne_missing(pl.col("resource").shift(1).over("deal_id"))
    return known.filter(new).select(
        *ORIGIN, "deal_id", "at", "seq", field=pl.lit("owner_id"), value="resource"
    )
