"""The race's data sets: each is made into a task once, and all contenders read the same files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console

from benchmarks.quality.export import Exported, dated_task, undated_task
from data.contract import Pipeline
from data.errors import NotFound
from data.moments import parse_moment
from data.settings import Settings
from data.simulator import simulate
from data.tables import Tables, lazy_tables
from pipelines import ingest
from pipelines.workspace import opened

SHARED: Final = Path(__file__).resolve().parents[3] / "shared" / "data"
"""The public data, which lie outside of the repository."""


def ingested(folder: str, mapping: str) -> tuple[Tables, Pipeline]:
    """Bring a folder of the public data in, as a company would."""
    source = SHARED / folder
    if not source.is_dir():
        raise NotFound(
            "the public data are not there",
            field="source",
            value=str(source),
            remedy="choose the simulated data set with --dataset simulated",
        )
    with TemporaryDirectory(prefix="race-") as workspace:
        settings = Settings(workspace=Path(workspace))
        ingest.run(source, mapping, mapping, settings, Console(quiet=True))
        pipeline, tables = opened(settings, mapping)
        return tables, pipeline


def _loans(origin: str) -> Exported:
    """The loan log as a bank would know it on a day, judged after 7, 14, 28 and 42."""
    tables, pipeline = ingested("loan_pipeline", "loan_pipeline")
    return dated_task(f"loans-{origin}", tables, pipeline, parse_moment(origin), (7, 14, 28, 42))


def _undated(name: str) -> Exported:
    return undated_task(name, *ingested(name, name))


def _simulated(
    name: str, deals: int, years: float, origin: str, horizons_days: tuple[int, ...]
) -> Exported:
    """A simulated company's opportunities; the origin is one for which the truth is told."""
    company = simulate(deals, years, end=parse_moment("2026-03-02"), seed=0).opportunities
    tables = lazy_tables(company.frames, company.settings)
    moment = parse_moment(origin)
    return dated_task(name, tables, company.settings, moment, horizons_days, company.truth)


TASKS: Final[dict[str, Callable[[], Exported]]] = {
    "loans-2011-12-01": partial(_loans, "2011-12-01"),
    "loans-2011-12-15": partial(_loans, "2011-12-15"),
    "simulated": partial(_simulated, "simulated", 20_000, 3.0, "2025-06-02", (28, 91, 182)),
    "ibm_win_loss": partial(_undated, "ibm_win_loss"),
    "x_education": partial(_undated, "x_education"),
    "olist_funnel": partial(_undated, "olist_funnel"),
    "bank_marketing": partial(_undated, "bank_marketing"),
    "smoke": partial(_simulated, "smoke", 200, 1.5, "2025-09-01", (28, 91)),
}
"""How each task is made; `smoke` is for trying the harness and stands on no page."""


def export(name: str, folder: Path) -> None:
    """Write a task and its answers under `folder`, unless they are there."""
    if (folder / name / "task.json").is_file():
        return
    task, answers = TASKS[name]()
    task.save(folder / name, answers)
