"""What is asked: open deals of a workspace, as whole records and as feature rows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from data.database import open_database
from data.moments import iso
from data.settings import Settings
from data.tables import load_pipeline, open_tables, read_frames
from features.compute import compute
from features.snapshots import open_snapshots
from models.bundle import Bundle, champion

_FACTS: Final = ("changes", "activities", "checklist", "contacts")


@dataclass(frozen=True)
class Material:
    """Deals of one pipeline, at the moment that its bundle knows up to.

    Attributes:
        pipeline: its name.
        bundle: the champion's folder.
        as_of: ISO 8601.
        records: whole records, as `POST /v1/score` takes them.
        rows: their feature rows, JSON values.
    """

    pipeline: str
    bundle: Path
    as_of: str
    records: list[dict[str, Any]]
    rows: list[dict[str, Any]]


def material(settings: Settings, pipeline: str, deals: int) -> Material:
    """Read some open deals of a workspace that was trained."""
    path = champion(settings.bundles / pipeline)
    bundle = Bundle.load(path)
    engine = open_database(settings)
    tables, frames = open_tables(engine, pipeline), read_frames(engine, pipeline)
    declared = load_pipeline(engine, pipeline)
    engine.dispose()
    known = tables.known_by(bundle.as_of)
    rows = compute(known, open_snapshots(known, bundle.as_of), bundle.context).head(deals)
    wanted = rows["deal_id"].implode()
    own = {n: frames[n].filter(pl.col("deal_id").is_in(wanted)) for n in ("deals", *_FACTS)}
    accounts = {row["account_id"]: row for row in frames["accounts"].iter_rows(named=True)}
    facts = {name: dict(_by_deal(own[name])) for name in _FACTS}
    records = []
    for deal in own["deals"].sort("deal_id").iter_rows(named=True):
        said = json.loads(deal.pop("attributes") or "{}")
        attributes = {name: said[name] for name in said if name in declared.attributes}
        told: dict[str, Any] = {name: facts[name].get(deal["deal_id"], []) for name in _FACTS}
        account = accounts.get(deal["account_id"])
        told["account"] = account and _told(account, ("account_id", "attributes"))
        ending = ("pipeline", "outcome", "closed_at", "closed_recorded_at")
        records.append({"deal": _told(deal, ending) | {"attributes": attributes}, **told})
    as_json: list[dict[str, Any]] = json.loads(rows.write_json())
    return Material(pipeline, path, iso(bundle.as_of), records, as_json)


def _by_deal(frame: pl.DataFrame) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for (deal_id,), rows in frame.group_by("deal_id"):
        yield str(deal_id), [_fact(row) for row in rows.iter_rows(named=True)]


def _fact(row: dict[str, Any]) -> dict[str, Any]:
    """Return a fact as a CRM tells it: numbers are in the value, and moments are ISO 8601."""
    told = _told(row, ("pipeline", "deal_id", "number"))
    if told.get("field") == "expected_close_at" and told.get("value", "").isdecimal():
        told["value"] = iso(int(told["value"]))
    return told


def _told(row: dict[str, Any], drop: tuple[str, ...]) -> dict[str, Any]:
    """Return a row in the words of the interface: moments as text, nothing that is empty."""
    return {
        name: iso(value) if name.endswith("at") and isinstance(value, int) else value
        for name, value in row.items()
        if name not in drop and value is not None
    }
