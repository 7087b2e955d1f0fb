"""Stale data: a list of deals that nobody has written about for long says so."""

from io import StringIO

import pytest
from rich.console import Console

from data.moments import DAY
from data.tables import Tables
from pipelines.workspace import warn_if_stale


@pytest.mark.parametrize(("days", "warned"), [(0, False), (14, False), (15, True), (5_000, True)])
def test_silence_of_more_than_two_weeks_is_told(history: Tables, days: int, warned: bool) -> None:
    said = StringIO()
    warn_if_stale(history, history.last_recorded() + days * DAY, Console(file=said, width=300))
    assert (f"{days:,} days before" in said.getvalue()) is warned
