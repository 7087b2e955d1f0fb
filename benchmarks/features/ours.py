"""Our features, from Parquet to Parquet: `python -m benchmarks.features.ours ENGINE TASK OUT`."""

import sys
from pathlib import Path
from typing import Final, get_args

from data.engines import Engine, Limits  # before Polars, as in every command
from data.tables import open_tables

# isort: split

from benchmarks.features.made import PIPELINE
from benchmarks.features.task import SNAPSHOTS, context
from features import compute

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
        rows.write_parquet(
            out / f"{number:05}.parquet",
            compression="lz4",
            statistics=False,  # pandas' are not written either
            row_group_size=1 << 20,
        )


if __name__ == "__main__":
    named = {name: name for name in get_args(Engine)}
    main(named[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3]))
