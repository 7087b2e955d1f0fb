"""`python -m benchmarks.forecast`: look back at a simulated company's quarters, write the page."""

import json
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.forecast.page import page
from data.moments import parse_moment
from data.simulator import simulate
from data.tables import lazy_tables
from models.boosting import Settings
from pipelines.lookback import Lookback, look_back

HERE = Path(__file__).resolve().parent
END = "2026-06-29"
FITTING = Settings(folds=2, rounds=60, rows_per_booster=30_000)

app = typer.Typer(add_completion=False)
Out = Annotated[Path, typer.Option(help="Where forecasts.json and RESULTS.md lie.")]


@app.command("run")
def run_command(
    deals: Annotated[int, typer.Option(help="Opportunities a company.")] = 3_000,
    years: Annotated[float, typer.Option(help="How long its data reach back.")] = 4.0,
    quarters: Annotated[int, typer.Option(help="Quarters that are forecast.")] = 8,
    seed: Annotated[list[int] | None, typer.Option(help="A company each; repeat.")] = None,
    out: Out = HERE,
) -> None:
    """Forecast past quarters of simulated companies; companies that are there are kept."""
    file = out / "forecasts.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for number in seed or [0]:
        started, worked = time.monotonic(), time.process_time()
        company = simulate(deals, years, end=parse_moment(END), seed=number).opportunities
        # every other week is looked at, so that a fit takes seconds
        pipeline = company.settings.model_copy(update={"cadence_days": 14})
        how = Lookback(quarters, FITTING, number, teams=True, shocks=True)
        rows = look_back(lazy_tables(company.frames, pipeline), pipeline, how, typer.echo)
        found[str(number)] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
            "versions": {name: version(name) for name in ("dealcast", "lightgbm", "polars")},
            "deals": deals,
            "years": years,
            "quarters": quarters,
            "wall_s": time.monotonic() - started,
            "cpu_s": time.process_time() - worked,
            "rows": rows.to_dicts(),
        }
        text = json.dumps(found, ensure_ascii=False, indent=1)
        file.write_text(text + "\n", encoding="utf-8")
    page_command(out)


@app.command("page")
def page_command(out: Out = HERE) -> None:
    """Write RESULTS.md from forecasts.json."""
    found = json.loads((out / "forecasts.json").read_text(encoding="utf-8"))
    (out / "RESULTS.md").write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    app()
