"""The examples of docs/features.md at work."""

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.contract import TABLES
from data.moments import DAY
from data.settings import Settings
from data.tables import Tables, lazy_tables
from features.compute import compute
from features.context import Context
from features.custom import load
from tests.company import END, PIPELINE

PAGE = (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8")
ADDED, LOOKED_AT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_added_feature_counts_what_was_cancelled_in_each_window(tmp_path: Path) -> None:
    (tmp_path / "cancelled.py").write_text(ADDED, encoding="utf-8")
    context = Context(stages=("a",), kinds=("call",), windows=(7, 28), custom=load(tmp_path))
    tables = _one_deal(("cancelled", 3), ("planned", 3), ("cancelled", 10), ("cancelled", 40))
    snapshots = tables.put(pl.DataFrame({"deal_id": ["d"], "as_of": [END]}))
    rows = compute(tables, snapshots, context)
    found = rows.select("^cancelled_in:.*$").row(0, named=True)
    assert found == {"cancelled_in:7": 1, "cancelled_in:28": 2}


def _one_deal(*calls: tuple[str, int]) -> Tables:
    """Return tables of one deal with a call of each status, so many days before the end."""
    created = END - 100 * DAY
    deal = {"deal_id": "d", "created_at": created, "recorded_at": created, "outcome": "open"}
    facts = [(status, END - days * DAY) for status, days in calls]
    activities = [
        {"deal_id": "d", "kind": "call", "status": status, "at": at, "seq": 0, "recorded_at": at}
        for status, at in facts
    ]
    frames = {
        name: pl.concat([TABLES[name].empty(), pl.DataFrame(rows)], how="diagonal")
        for name, rows in (("deals", [deal]), ("activities", activities))
    }
    return lazy_tables(frames, PIPELINE)


def test_looking_at_features_works(company: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALCAST_WORKSPACE", str(company.workspace))
    names: dict[str, Any] = {}
    *_, last = LOOKED_AT.strip().splitlines()
    exec(LOOKED_AT.replace(last, f"shown = {last}"), names)  # noqa: S102 - the page's own lines
    names["database"].dispose()
    windows = [f"done_in:{days}" for days in names["context"].windows]
    assert names["shown"].columns == ["deal_id", "silence", *windows]
    assert names["shown"].height > 10
