"""Simulate a company and write its data as Parquet: `dealcast simulate`."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from data.errors import BadInput
from data.moments import iso, monday, parse_moment, to_moment
from data.simulator import SimulatedPipeline, simulate
from data.tables import write_parquet


def run(out: Path, deals: int, years: float, seed: int, end: str | None, progress: Console) -> None:
    """Simulate and write both pipelines under a new folder: all of it or nothing.

    Args:
        out: the folder to make; one that is there must be empty.
        deals: how many opportunities.
        years: how long the data reach back.
        seed: what all chance comes from.
        end: ISO 8601, a Monday 00:00 UTC; by default the last one.
        progress: where progress goes.

    Raises:
        BadInput: the folder has something in it, or the simulator refuses the numbers.

    """
    _check_empty(out)
    end_at = parse_moment(end or monday(to_moment(datetime.now(UTC))).isoformat(), field="end")
    with progress.status(f"simulating {deals:,} opportunities and their leads"):
        simulation = simulate(deals, years, end=end_at, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    # made beside its place and moved there whole, so that a half is never mistaken for it
    with TemporaryDirectory(prefix=".simulate-", dir=out.parent) as beside:
        making = Path(beside) / out.name
        making.mkdir()
        for pipeline in simulation.pipelines:
            _write(pipeline, making / pipeline.settings.name, progress)
        making.replace(out)
    progress.print(f"data up to {iso(end_at)} are in {out}", highlight=False)


def _write(simulated: SimulatedPipeline, folder: Path, progress: Console) -> None:
    """Write one pipeline: a file a table, its settings, and the truth."""
    write_parquet(simulated.frames, folder, simulated.settings)
    simulated.truth.write_parquet(folder / "truth.parquet")
    for name, frame in simulated.frames.items():
        progress.print(f"{simulated.settings.name}: {len(frame):>9,} {name}", highlight=False)


def _check_empty(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(
            "the folder is not empty",
            field="out",
            value=str(out),
            allowed="a new or an empty folder",
            remedy="choose another, or remove this one",
        )
