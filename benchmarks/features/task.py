"""A task on disk: a company's tables as Parquet, its snapshots, and the words of its features."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.features.made import CADENCE_DAYS, END, PIPELINE, made
from data.tables import collect, lazy_tables, write_parquet
from features.context import Context
from features.learned import learned
from features.snapshots import grid_snapshots

SNAPSHOTS = "snapshots.parquet"
_CONTEXT, _SIZE = "context.json", "size.json"
_LEARNED_FROM = 2_000
"""Deals that the vocabularies are learned from: the same ones at every size."""


def write(folder: Path, deals: int, late: float) -> None:
    """Make a company, unless it is there already."""
    if (folder / _SIZE).is_file():
        return
    frames = made(deals, late=late)
    write_parquet(frames, folder, PIPELINE)
    tables = lazy_tables({"deals": frames["deals"]}, PIPELINE)
    snapshots = collect(grid_snapshots(tables, END, CADENCE_DAYS))
    snapshots.write_parquet(folder / SNAPSHOTS)
    few = lazy_tables(made(_LEARNED_FROM), PIPELINE).known_by(END)
    context, _ = learned(few, PIPELINE, CADENCE_DAYS, END)
    (folder / _CONTEXT).write_text(json.dumps(context.to_dict()), encoding="utf-8")
    facts = sum(len(frames[name]) for name in ("changes", "activities", "checklist", "contacts"))
    size = {"deals": deals, "events": facts, "snapshots": len(snapshots), "late": late}
    (folder / _SIZE).write_text(json.dumps(size), encoding="utf-8")


def size(folder: Path) -> dict[str, Any]:
    """Return how many deals, events and snapshots there are, and the share entered late."""
    found: dict[str, Any] = json.loads((folder / _SIZE).read_text(encoding="utf-8"))
    return found


def context(folder: Path) -> Context:
    """Return the vocabularies that all contenders take."""
    return Context.from_dict(json.loads((folder / _CONTEXT).read_text(encoding="utf-8")))


def differing(one: Path, other: Path) -> list[str]:
    """Name the columns of `other` that hold other values than in `one`, to the last bit.

    Args:
        one: folder of Parquet with all features of all snapshots.
        other: folder of Parquet with some features of some snapshots.
    """
    key = ["deal_id", "as_of"]
    theirs = pl.scan_parquet(other / "*.parquet")
    ours = pl.scan_parquet(one / "*.parquet")
    if ours.select(pl.len()).collect().item() != theirs.select(pl.len()).collect().item():
        ours = ours.join(theirs.select(key), on=key, how="semi", maintain_order="left")
    sides = [(frame, frame.select(pl.arg_sort_by(key)).collect()) for frame in (ours, theirs)]
    found = []
    for name in theirs.collect_schema().names():  # one at a time: all do not fit in memory
        left, right = (
            frame.select(name).collect().to_series().gather(order.to_series())
            for frame, order in sides
        )
        if not left.equals(right.cast(left.dtype), null_equal=True):
            found.append(name)
    return found
