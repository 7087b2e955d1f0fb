"""`python -m benchmarks.quality`: export the tasks, run the race, write the page."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.quality import origins, scale
from benchmarks.quality.contenders import CONTENDERS
from benchmarks.quality.datasets import TASKS, export
from benchmarks.quality.judge import judged
from benchmarks.quality.page import page
from benchmarks.quality.race import PEERS_PYTHON, race, runs
from benchmarks.quality.task import Task
from data.errors import DealcastError, NotFound, NotReady, did_you_mean

HERE = Path(__file__).resolve().parent
CLOCKS_S = (300, 1800)
SMOKE = "smoke"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Folder = Annotated[Path, typer.Option(help="Where tasks and results lie.")]


@app.command("run")
def run_command(
    dataset: Annotated[list[str] | None, typer.Option(help="Only this; repeat for more.")] = None,
    contender: Annotated[list[str] | None, typer.Option(help="Only this; repeat.")] = None,
    clock: Annotated[list[int] | None, typer.Option(help="Seconds; repeat.")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Repeat for more seeds.")] = None,
    work: Folder = HERE / "work",
) -> None:
    """Export tasks and run what has no record yet; stop it at any time, and go on later."""
    datasets = _chosen("dataset", dataset, TASKS) or [name for name in TASKS if name != SMOKE]
    contenders = _chosen("contender", contender, CONTENDERS) or list(CONTENDERS)
    if not PEERS_PYTHON.is_file() and any(CONTENDERS[name].is_peer for name in contenders):
        raise NotReady("the peers' environment is not there", remedy="run `make bench-peers`")
    for name in datasets:
        typer.echo(f"{name}: exports")
        export(name, work / "tasks")
    tasks, clocks = [Task.load(work / "tasks" / name) for name in datasets], clock or CLOCKS_S
    planned = list(runs(tasks, contenders, clocks, seed or [0]))
    race(planned, max(clocks), work / "tasks", work / "results", typer.echo)


@app.command("page")
def page_command(work: Folder = HERE / "work", out: Folder = HERE) -> None:
    """Judge all results, and write quality.json and RESULTS.md; data sets not run here stay."""
    records = judged(work / "results", work / "tasks")
    if not records:
        raise NotReady("nothing has run yet", remedy="run `make bench-quality`")
    file, own = out / "quality.json", {one["dataset"] for one in records}
    before = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    records += [one for one in before if one["dataset"] not in own]
    text = json.dumps(records, ensure_ascii=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")
    (out / "RESULTS.md").write_text(page(records), encoding="utf-8")


@app.command("origins")
def origins_command(
    only: Annotated[list[str] | None, typer.Option(help="Only this; repeat.")] = None,
    out: Folder = HERE,
) -> None:
    """Backtest at rolling origins, and write origins.json and ORIGINS.md."""
    names = _chosen("run", only, origins.RUNS) or list(origins.RUNS)
    file = out / "origins.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for name in names:
        found[name] = origins.RUNS[name](typer.echo)
        text = json.dumps(found, ensure_ascii=False, indent=1)
        file.write_text(text + "\n", encoding="utf-8")
    (out / "ORIGINS.md").write_text(origins.page(found), encoding="utf-8")


@app.command("scale")
def scale_command(out: Folder = HERE) -> None:
    """Measure a training on a million snapshots, and write scale.json."""
    text = json.dumps(scale.measured(), indent=1)
    (out / "scale.json").write_text(text + "\n", encoding="utf-8")
    typer.echo(text)


def _chosen(field: str, names: list[str] | None, known: Mapping[str, object]) -> list[str]:
    for name in names or []:
        if name not in known:
            raise NotFound(
                f"no such {field}",
                field=field,
                value=name,
                allowed=", ".join(known),
                remedy=did_you_mean(name, known) or None,
            )
    return names or []


if __name__ == "__main__":
    try:
        app(standalone_mode=False)
    except DealcastError as error:
        raise SystemExit(str(error)) from None
