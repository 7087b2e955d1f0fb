"""The tables of one pipeline as lazy frames, on the engine of your choice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

import narwhals as nw
import polars as pl

from data.contract import TABLES, Pipeline

Frame: TypeAlias = nw.LazyFrame[Any]
Engine = Literal["polars", "duckdb"]


@dataclass(frozen=True)
class Tables:
    """One pipeline's tables: Narwhals lazy frames of the contract's columns.

    `deals` also has a column for every attribute whose policy is `fixed`, by its name.
    """

    deals: Frame
    changes: Frame
    activities: Frame
    checklist: Frame
    contacts: Frame
    accounts: Frame
    owners: Frame
    put: Callable[[pl.DataFrame], Frame]
    """Puts a frame held in memory on the same engine, so that it can be joined."""

    def known_by(self, as_of: int) -> "Tables":
        """Return the tables as they stood at a moment: later facts gone, later closings open."""
        closing_known = nw.col("closed_recorded_at") <= as_of
        deals = self.deals.filter(nw.col("recorded_at") <= as_of).with_columns(
            closed_at=nw.when(closing_known).then("closed_at"),
            closed_recorded_at=nw.when(closing_known).then("closed_recorded_at"),
            outcome=nw.when(closing_known).then("outcome").otherwise(nw.lit("open")),
        )
        known = nw.col("recorded_at") <= as_of
        return replace(
            self,
            deals=deals,
            changes=self.changes.filter(known),
            activities=self.activities.filter(known),
            checklist=self.checklist.filter(known),
            contacts=self.contacts.filter(known),
            accounts=self.accounts.filter(known),
        )

    def last_recorded(self) -> int:
        """Return when the last fact became known: where the data end, whatever the clock says."""
        deals = self.deals.select(last=nw.max_horizontal("recorded_at", "closed_recorded_at"))
        others = (self.changes, self.activities, self.checklist)
        frames = [deals, *(frame.select(last=nw.col("recorded_at")) for frame in others)]
        latest = [frame.select(nw.col("last").max()) for frame in frames]
        return max(one.collect(backend="polars").item() or 0 for one in latest)


def lazy_tables(
    frames: Mapping[str, pl.DataFrame], pipeline: Pipeline, engine: Engine = "polars"
) -> Tables:
    """Put contract frames held in memory on an engine.

    Args:
        frames: contract tables by name; one that is missing counts as empty.
        pipeline: whose `fixed` attributes become columns of `deals`.
        engine: where the lazy frames run.

    """
    names = [name for name in Tables.__annotations__ if name in TABLES]
    named = {name: frames.get(name, TABLES[name].empty()) for name in names}
    named["deals"] = with_fixed_attributes(named["deals"], pipeline)
    put = _engines[engine]()
    return Tables(put=put, **{name: put(frame) for name, frame in named.items()})


def _polars() -> Callable[[pl.DataFrame], Frame]:
    return lambda frame: nw.from_native(frame.lazy())


def _duckdb() -> Callable[[pl.DataFrame], Frame]:
    import duckdb  # here, because the request path never needs it

    connection = duckdb.connect()
    return lambda frame: nw.from_native(connection.from_arrow(frame.to_arrow()))


_engines: Final[dict[Engine, Callable[[], Callable[[pl.DataFrame], Frame]]]] = {
    "polars": _polars,
    "duckdb": _duckdb,
}


def with_fixed_attributes(deals: pl.DataFrame, pipeline: Pipeline) -> pl.DataFrame:
    """Add a column for each `fixed` attribute of the pipeline, read from the JSON."""
    types = {"text": pl.String(), "number": pl.Float64()}
    wanted = {
        name: types[attribute.type]
        for name, attribute in pipeline.attributes.items()
        if attribute.policy == "fixed"
    }
    if not wanted:
        return deals
    values = deals["attributes"].fill_null("{}").str.json_decode(pl.Struct(wanted))
    return deals.hstack(values.struct.unnest().get_columns())
