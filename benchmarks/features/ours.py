"""Our features, from Parquet to Parquet: `python -m benchmarks.features.ours ENGINE TASK OUT`.

ENGINE may be `same`: Polars, and of the features only those that the pandas way has, too.
"""

import sys
from pathlib import Path
from typing import Final, get_args

from benchmarks.features import pandas_way
from benchmarks.features.made import PIPELINE
from benchmarks.features.task import SNAPSHOTS, context
from data.engines import Engine, Limits
from data.tables import open_tables
from features import compute
from features.catalogue import Family
from features.families import FAMILIES

MEMORY: Final = "4GB"
"""What DuckDB may use, and the heap of Spark."""
_DEALS: Final = 25_000
"""Deals at a time."""


def main(engine: Engine, task: Path, out: Path) -> None:
    """Compute all features of all snapshots, a file for some deals at a time."""
    tables = open_tables(task, PIPELINE.name, engine, Limits(memory=MEMORY, folder=out.parent))
    snapshots = tables.host.scan(task / SNAPSHOTS)
    out.mkdir(parents=True)
    parts = compute.compute_parts(tables, snapshots, context(task), _DEALS)
    for number, rows in enumerate(parts):
        rows.write_parquet(out / f"{number:05}.parquet", compression="lz4")


def only(names: frozenset[str]) -> None:
    """Leave in the catalogue only features of some names, for the rest of this process."""
    some = [
        Family([entry for entry in family.entries if entry[0].name in names]) for family in FAMILIES
    ]
    vars(compute)["FAMILIES"] = tuple(some)  # only here is less than the catalogue wanted


if __name__ == "__main__":
    named = {name: name for name in get_args(Engine)}
    if sys.argv[1] == "same":
        only(pandas_way.NAMES)
    main(named.get(sys.argv[1], "polars"), Path(sys.argv[2]), Path(sys.argv[3]))
