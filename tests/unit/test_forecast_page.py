"""The page of forecasts against what came is made of its records, and losses stand as losses."""

import json
from pathlib import Path

from benchmarks.forecast.page import page

HERE = Path(__file__).parents[2] / "benchmarks" / "forecast"


def found() -> dict[str, dict[str, object]]:
    told: dict[str, dict[str, object]] = json.loads((HERE / "forecasts.json").read_text("utf-8"))
    return told


def test_the_page_that_stands_there_is_that_of_its_records() -> None:
    assert page(found()) == (HERE / "RESULTS.md").read_text("utf-8")


def test_a_forecast_that_misses_is_said_to_miss() -> None:
    told = found()
    for row in told["0"]["rows"]:  # type: ignore[attr-defined]
        row["low"] = row["high"] = 2 * row["came"]
        row["expected"] = row["crps"] = 9 * row["came"]
    lines = [line for line in page(told).splitlines() if "WAPE below" in line or "holds" in line]
    assert lines
    assert all("**not held**" in line for line in lines)
