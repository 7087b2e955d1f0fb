"""The page of the desk's measurements is made of its records, and what is slow is said to be."""

import json
from pathlib import Path
from typing import Any

from benchmarks.desk.page import page

HERE = Path(__file__).parents[2] / "benchmarks" / "desk"


def found() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((HERE / "desk.json").read_text("utf-8"))
    return told


def test_the_page_that_stands_there_is_that_of_its_records() -> None:
    assert page(found()) == (HERE / "README.md").read_text("utf-8")


def test_a_slow_page_is_named() -> None:
    told = found()
    one = {"median_s": 0.1, "most_s": 0.2, "bytes": 1_000}
    told["pages"] = {
        **{"date": "2026-01-01", "machine": "m", "python": "3", "load_before": 0.0, "times": 9},
        "rows": {"open": 200_000, "deals": 1, "sellers": 1, "items": 1},
        "first": {"/deals": 0.4, "/week": 0.4},
        "pages": {"/deals": one, "/week": one | {"most_s": 0.6}},
        "renewed": {"requests": 3, "most_s": 0.3},
    }
    assert "all but `/week`." in page(told)
    told["pages"]["pages"]["/week"] = one
    told["pages"]["first"]["/deals"] = 1.0
    assert "all but `/deals`." in page(told)
    told["pages"]["first"]["/deals"] = 0.4
    assert "every page." in page(told)
