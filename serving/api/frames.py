"""What requests say as raw frames of the contract's tables, for `data.records.normalise`."""

import json
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

import msgspec
import polars as pl

from data.contract import POLARS_TYPES, TABLES, Column, Pipeline
from data.errors import BadInput
from data.moments import to_moment
from data.sheet import ROW
from serving.api.records import AS_OF_NOW, COLUMNS, Record, Row


def raw_rows(table: str, rows: list[Row], pipeline: Pipeline) -> pl.DataFrame:
    """Return rows that came by themselves as a raw frame, each with its place in the request.

    Raises:
        BadInput: an attribute that the pipeline does not have, or of another type.
    """
    raw = []
    for number, row in enumerate(rows):
        given = {ROW: number, **row}
        if table == "deals":
            attributes = given.pop("attributes", None) or {}
            given |= _attributes(f"rows.{number}", attributes, pipeline)
        elif "attributes" in given:
            given["attributes"] = json.dumps(given["attributes"] or {})
        raw.append(given)
    return frame_of(table, raw, pipeline)


def rows_of(records: Sequence[Record], pipeline: Pipeline) -> dict[str, list[Row]]:
    """Lay out what records say besides their facts; each row knows the number of its record.

    Raises:
        BadInput: an attribute that the pipeline does not have, or an account without an id.
    """
    rows: dict[str, list[Row]] = {"deals": [], "accounts": [], "owners": []}
    for number, record in enumerate(records):
        deal = {ROW: number, **_said(record.deal)}
        attributes = deal.pop("attributes", {})
        attributes = _attributes(f"records.{number}.deal", attributes, pipeline)
        rows["deals"].append(deal | attributes)
        if record.account is not None:
            rows["accounts"].append({ROW: number, **_account(number, record.deal, record.account)})
        if record.owner is not None:
            rows["owners"].append({ROW: number, **_said(record.owner)})
    return rows


def _said(held: Any) -> Row:
    """Return what a row says, moments in microseconds of UTC."""
    said = msgspec.structs.asdict(held).items()
    return {n: to_moment(v) if isinstance(v, datetime) else v for n, v in said if v is not None}


def _account(number: int, deal: Any, account: Any) -> Row:
    if deal.account_id is None:
        raise BadInput(
            "an account without an id",
            field=f"records.{number}.deal.account_id",
            value=None,
            remedy="give the deal's account_id, or leave the account out",
        )
    attributes = json.dumps(account.attributes or {})
    return {**_said(account), "account_id": deal.account_id, "attributes": attributes}


_ATTRIBUTE_TYPES: Final = {"text": (str,), "number": (int, float)}


def _attributes(where: str, given: Row, pipeline: Pipeline) -> Row:
    """Check the source's own columns of a deal against the pipeline's settings."""
    for name, value in given.items():
        declared = pipeline.attributes.get(name)
        wanted = _ATTRIBUTE_TYPES[declared.type] if declared else ()
        if value is not None and not isinstance(value, wanted):
            raise BadInput(
                "not an attribute of this pipeline" if declared is None else "the wrong type",
                field=f"{where}.attributes.{name}"[:300],
                value=value,
                allowed=declared.type if declared else ", ".join(pipeline.attributes) or "none",
                remedy="see the mapping that the pipeline was ingested with",
            )
    return {name: value for name, value in given.items() if name in pipeline.attributes}


def frame_of(name: str, rows: list[Row], pipeline: Pipeline) -> pl.DataFrame:
    """Make a raw frame of the columns that any row has, each of its declared type."""
    types = {ROW: pl.Int64(), **TABLES[name].schema}
    if name == "deals":
        types |= {c.name: POLARS_TYPES[c.type] for c in AS_OF_NOW}
        types |= {n: POLARS_TYPES[a.column_type] for n, a in pipeline.attributes.items()}
    given = {ROW}.union(*rows)
    return pl.DataFrame(rows, schema={n: t for n, t in types.items() if n in given})


def facts_of(name: str, records: Sequence[Record]) -> pl.DataFrame:
    """Make a raw frame of one kind of facts, of the columns that any has.

    Each knows the number of its record. Built by columns: a dict for each fact takes longer.
    """
    facts = [fact for record in records for fact in getattr(record, name)]
    rows = [row for row, record in enumerate(records) for _ in getattr(record, name)]
    happened = [fact.at for fact in facts]
    at = list(map(to_moment, happened))

    def values(column: Column) -> list[Any]:
        given = list(map(attrgetter(column.name), facts))
        if column.type != "moment":
            return given
        # most facts are known when they happen, and to see that takes less than to reckon it anew
        known = zip(given, happened, at, strict=True)
        return [same if one == then else one and to_moment(one) for one, then, same in known]

    given = [pl.Series(c.name, values(c), POLARS_TYPES[c.type]) for c in COLUMNS[name]]
    said = [column for column in given if column.null_count() < len(column)]
    return pl.DataFrame([pl.Series(ROW, rows, pl.Int64), *said])
