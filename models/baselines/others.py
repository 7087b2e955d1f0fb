"""The baselines beside the stage's: what people go by today, put in curves to be judged alike."""

from typing import Protocol

import polars as pl

from data.errors import NotReady
from features.context import Context
from models.baselines.checklist import ChecklistRule
from models.baselines.commit import SellerCommit
from models.baselines.naive_bayes import NaiveBayes
from models.baselines.stage_rate import StageRate
from models.curve import Array, Curves
from models.sample import Sample


class Baseline(Protocol):
    """What answers for feature rows as the model does."""

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows, n deals in their order."""
        ...


def fit_others(
    past: Sample, context: Context, edges: Array
) -> tuple[dict[str, Baseline], dict[str, str]]:
    """Fit each on the same snapshots as the model.

    Args:
        past: snapshots and what came of them.
        context: the pipeline's vocabularies.
        edges: bin edges in days ahead, [k + 1].

    Returns:
        The baselines by name; and why, of those that cannot speak of this pipeline.
    """
    speaking: dict[str, Baseline] = {}
    silent: dict[str, str] = {}
    for name, fit in (
        ("stage_rate", lambda: StageRate.fit(past)),
        ("naive_bayes", lambda: NaiveBayes.fit(past, context)),
        ("checklist", lambda: ChecklistRule.fit(past)),
        ("commit", lambda: SellerCommit.fit(past, edges)),
    ):
        try:
            speaking[name] = fit()
        except NotReady as why:
            silent[name] = why.title
    return speaking, silent
