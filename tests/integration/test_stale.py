"""Stale data and stages never seen: a list of deals says what it may be wrong for."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from data.moments import DAY
from data.tables import Tables
from pipelines.workspace import warn_if_stale, warn_of_stages
from serving.scorer import Scorer
from tests import company
from training.fit import Fitted


@pytest.mark.parametrize(("days", "warned"), [(0, False), (14, False), (15, True), (5_000, True)])
def test_silence_of_more_than_two_weeks_is_told(history: Tables, days: int, warned: bool) -> None:
    said = StringIO()
    warn_if_stale(history, history.last_recorded() + days * DAY, Console(file=said, width=300))
    assert (f"{days:,} days before" in said.getvalue()) is warned


@pytest.mark.parametrize("stages", [("qualify", "offer", "close"), ("qualify",), ()])
def test_stages_that_the_bundle_has_not_seen_are_told(
    history: Tables, fitted: Fitted, stages: tuple[str, ...]
) -> None:
    bundle = company.bundled(fitted)
    scores = Scorer(bundle).score(history, company.END)
    context, baseline = replace(bundle.context, stages=stages), replace(bundle.baseline, stages=())
    said = StringIO()
    warn_of_stages(
        scores, replace(bundle, context=context, baseline=baseline), Console(file=said, width=300)
    )
    counts = scores.rows["stage"].value_counts()
    for stage, deals in counts.iter_rows():
        assert (f"{stage} ({deals})" in said.getvalue()) is (stage not in stages)
    assert bool(said.getvalue()) is (len(stages) < len(counts))
