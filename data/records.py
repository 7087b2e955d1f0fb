"""Records as they come, to rows of the contract: the one place where that happens.

A mapping's output, a scoring call's whole records and the simulator's tables all pass through
`normalise`. It fills what is left out, turns the tracked fields of `deals` into their first
`changes`, and sorts out what cannot be right, each row with its reason. Plain Polars on
columns, because the same lines serve ten million rows and a request's one
(docs/decisions/checks-in-polars.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import polars as pl

from data import parsing
from data.contract import TABLES, Pipeline, table
from data.moments import DAY
from data.sheet import OBSERVED_AT, REJECTS, Sheet

__all__ = ["OBSERVED_AT", "REJECTS", "Normalised", "must_be_given", "normalise"]

_DEFAULTS: Final[dict[str, dict[str, pl.Expr]]] = {
    "deals": {
        "recorded_at": pl.col("created_at"),
        "outcome": pl.lit("open"),
        "closed_recorded_at": pl.col("closed_at"),
    },
    "changes": {"recorded_at": pl.col("at")},
    "activities": {"recorded_at": pl.col("at"), "status": pl.lit("done")},
    "checklist": {"recorded_at": pl.col("at")},
    "contacts": {"recorded_at": pl.col("at")},
    "accounts": {"recorded_at": pl.lit(0, pl.Int64)},  # a customer's master data was always known
}
"""What stands in for a value that was left out."""

_DERIVED: Final = ("pipeline", "activity_id", "seq")
"""What is made of the rest of the row, or of its place, when it is left out."""

_IDENTITY: Final = ("deal_id", "kind", "at", "status", "direction", "owner_id", "contact_id", "seq")
"""What makes an activity without an id the same one when it comes again."""


@dataclass(frozen=True)
class Normalised:
    """Frames in the contract's exact schema, what was refused, and how many were repeated."""

    frames: dict[str, pl.DataFrame]
    rejects: pl.DataFrame
    repeated: dict[str, int]
    """Rows by table that said exactly what a row before them said."""
    observed: pl.DataFrame
    """`deal_id` and `observed_at` of the deals whose rows say when they were seen."""


def must_be_given(table_name: str) -> list[str]:
    """Return the columns of a table that nothing stands in for."""
    filled = {*_DEFAULTS.get(table_name, {}), *_DERIVED}
    return [c.name for c in table(table_name).columns if c.required and c.name not in filled]


def normalise(
    raw: Mapping[str, pl.DataFrame], pipeline: Pipeline, known_deals: pl.Series | None = None
) -> Normalised:
    """Turn raw frames with the contract's column names into contract rows and rejects.

    Args:
        raw: frames by table; columns may be missing, and moments may be ISO text, dates,
            date-times or microseconds. `deals` may also have the tracked fields and the
            pipeline's attributes as columns: their values at creation, or at `observed_at`.
        pipeline: whose records these are.
        known_deals: ids of deals that stand in the database already.

    Returns:
        a frame for every table that was given, and `changes` wherever `deals` is.

    Raises:
        BadInput: a table or a column that the contract does not have.

    """
    sheets = {name: _read(name, frame, pipeline) for name, frame in raw.items()}
    deals = sheets.get("deals")
    if deals is not None:
        if "changes" not in sheets:
            sheets["changes"] = _read("changes", TABLES["changes"].empty(), pipeline)
        _check_closing(deals)
    _check_deals_known(sheets, known_deals)
    frames = {name: sheet.frame() for name, sheet in sheets.items()}
    if deals is not None:
        frames["changes"] = _with_first_changes(frames["changes"], deals)
    rejects = [reject for sheet in sheets.values() for reject in sheet.rejects]
    return Normalised(
        frames=frames,
        rejects=pl.concat(rejects) if rejects else pl.DataFrame(schema=REJECTS),
        repeated={name: sheet.repeated for name, sheet in sheets.items()},
        observed=_observed(deals),
    )


def _read(name: str, frame: pl.DataFrame, pipeline: Pipeline) -> Sheet:
    """Type the columns, fill what is left out, and check all that one row alone can show."""
    sheet = Sheet(table(name), frame, pipeline)
    if name == "deals" and not pipeline.dated:
        _close_at_creation(sheet)
    elif name == "deals" and "closed_at" in sheet.given:
        _close_within_the_day(sheet)
    defaults = {"pipeline": pl.lit(pipeline.name)} if "pipeline" in sheet.table.schema else {}
    defaults |= _DEFAULTS.get(name, {})
    if wanted := [column for column in defaults if sheet.rows[column].null_count()]:
        sheet.rows = sheet.rows.with_columns(
            pl.coalesce(column, defaults[column]).alias(column) for column in wanted
        )
    sheet.drop_repeated()
    if name == "activities" and sheet.rows["activity_id"].null_count():
        sheet.rows = sheet.rows.with_columns(activity_id=_derived_id())
    if "seq" in sheet.table.schema and sheet.rows["seq"].null_count():
        sheet.rows = sheet.rows.with_columns(seq=_order_within(name))
    if name == "changes":
        _fill_numbers(sheet, pipeline)
    sheet.check_columns()
    if "pipeline" in defaults:
        other = sheet.rows["pipeline"] != pipeline.name
        sheet.reject(other, "pipeline", f"another pipeline than {pipeline.name}")
    sheet.check_key()
    return sheet


def _close_at_creation(deals: Sheet) -> None:
    """Put the closings of a pipeline without dates where its records are, and never read them."""
    deals.reject(
        (deals.rows["closed_at"] != deals.rows["created_at"]).fill_null(value=False),
        "closed_at",
        "the pipeline is not dated: leave closed_at out, or keep it as a final attribute",
    )
    closed = pl.col("outcome").fill_null("open") != "open"
    deals.rows = deals.rows.with_columns(closed_at=pl.when(closed).then("created_at"))


def _close_within_the_day(deals: Sheet) -> None:
    """Put a closing of which only the day is known no earlier on that day than the creation."""
    closed, created = pl.col("closed_at"), pl.col("created_at")
    dated = parsing.days(deals.as_given("closed_at"))
    earlier = dated & closed.is_between(created - DAY, created, closed="none")
    deals.rows = deals.rows.with_columns(
        pl.when(earlier).then(created).otherwise(closed).alias("closed_at")
    )


def _derived_id() -> pl.Expr:
    """Return an activity's own id, or else one made of what it says."""
    content = [pl.col(c).cast(pl.String) for c in _IDENTITY]
    return pl.coalesce("activity_id", pl.concat_str(content, separator=" ", ignore_nulls=True))


def _order_within(name: str) -> pl.Expr:
    """Return the row's place among the facts of its moment, wherever it was left out."""
    key = ["deal_id", "at", *{"changes": ["field"], "checklist": ["item"]}.get(name, [])]
    return pl.coalesce("seq", pl.int_range(pl.len(), dtype=pl.Int64).over(key))


def _fill_numbers(changes: Sheet, pipeline: Pipeline) -> None:
    """Fill `number` from `value`, and refuse values that their field's type does not allow."""
    rows = changes.rows
    if rows["number"].null_count():
        read = parsing.numbers(rows["value"])
        places = np.flatnonzero(rows["field"] == "expected_close_at")
        if len(places):  # only these: to look for moments in all words takes long
            moments = parsing.moments(rows["value"][places])
            read = read.scatter(places, moments.cast(pl.Float64))
        changes.rows = rows.with_columns(number=pl.coalesce("number", read))
    numeric = [name for name, a in pipeline.attributes.items() if a.type == "number"]
    kinds = {"number": ["amount", *numeric], "moment": ["expected_close_at"]}
    unread = pl.col("value").is_not_null() & pl.col("number").is_null()
    typed = pl.col("field").is_in(list(chain.from_iterable(kinds.values())))
    if not changes.rows.select((unread & typed).any()).item():
        return
    for kind, fields in kinds.items():
        wrong = changes.rows.select(unread & pl.col("field").is_in(fields)).to_series()
        changes.reject(wrong, "value", f"not a {kind}")


def _check_closing(deals: Sheet) -> None:
    """Refuse deals whose outcome and dates contradict each other."""

    def column(name: str) -> pl.Series:
        return deals.rows[name]

    deals.reject(
        (column("outcome") != "open") & column("closed_at").is_null(),
        "closed_at",
        "won or lost, but nobody says when: give closed_at",
    )
    deals.reject(
        (column("outcome") == "open") & column("closed_at").is_not_null(),
        "closed_at",
        "closed, but neither won nor lost: give outcome, or map the date to expected_close_at",
    )
    deals.reject(
        (column("closed_at") < column("created_at")).fill_null(value=False),
        "closed_at",
        "closed before it was created",
    )


def _check_deals_known(sheets: Mapping[str, Sheet], known: pl.Series | None) -> None:
    """Refuse rows about deals that are neither here nor in the database."""
    ids = [s.rows["deal_id"] for name, s in sheets.items() if name == "deals"]
    ids += [known] if known is not None else []
    here = pl.concat([pl.Series(dtype=pl.String), *(i.rename("") for i in ids)]).implode()
    for name, sheet in sheets.items():
        if name != "deals" and "deal_id" in sheet.table.schema:
            unknown = ~sheet.rows["deal_id"].is_in(here)
            sheet.reject(unknown, "deal_id", "its deal is neither accepted here nor known")


def _observed(deals: Sheet | None) -> pl.DataFrame:
    if deals is None or OBSERVED_AT not in deals.rows:
        return pl.DataFrame(schema={"deal_id": pl.String(), OBSERVED_AT: pl.Int64()})
    return deals.rows.select("deal_id", OBSERVED_AT).drop_nulls()


def _with_first_changes(changes: pl.DataFrame, deals: Sheet) -> pl.DataFrame:
    """Add what the deals' own rows say of their tracked fields, where no change says it."""
    firsts = [
        deals.rows.filter(pl.col(name).is_not_null()).select(
            "pipeline",
            "deal_id",
            field=pl.lit(name),
            at=pl.max_horizontal("created_at", OBSERVED_AT),
            seq=pl.lit(0, pl.Int64),
            recorded_at=pl.max_horizontal("recorded_at", OBSERVED_AT),
            value=parsing.iso(pl.col(name)) if kind == "moment" else pl.col(name).cast(pl.String),
            number=pl.col(name).cast(pl.Float64, strict=False),
        )
        for name, kind in deals.tracked.items()
    ]
    if not firsts:
        return changes
    new = pl.concat(firsts).join(changes, on=["deal_id", "field", "at"], how="anti")
    return pl.concat([changes, new])
