"""A task's matrix as the product's own sample: names and words back from codes."""

import numpy as np
import polars as pl

from benchmarks.quality.task import Task
from features.catalogue import Feature
from models.sample import Sample


def features_of(task: Task) -> list[Feature]:
    """Return the catalogue of the task's columns."""
    return [Feature(**entry) for entry in task.features]


def feature_rows(task: Task, x: np.ndarray, as_of: np.ndarray) -> pl.DataFrame:
    """Return code rows as feature rows; the words of categories are their codes.

    The calendar's columns stay behind: the model makes its own of as_of. Records without a stage
    are all in one.
    """
    columns = {
        entry["name"]: pl.Series(x[:, place], nan_to_null=True)
        for place, entry in enumerate(task.features)
    }
    words = [
        pl.col(entry["name"]).cast(pl.Int64).cast(pl.String)
        for entry in task.features
        if entry["kind"] == "category"
    ]
    keys = {
        "deal_id": np.arange(len(x)),
        "as_of": as_of,
        "stage": pl.Series([None] * len(x), dtype=pl.String),
    }
    return pl.DataFrame({**keys, **columns}).with_columns(words)


def sample_of(task: Task) -> Sample:
    """Return the rows to learn from."""
    train = task.train
    rows = feature_rows(task, train.x, train.as_of)
    return Sample(rows, train.days, train.cause, train.seen, train.groups)


def test_rows(task: Task) -> pl.DataFrame:
    """Return the rows to answer for."""
    return feature_rows(task, task.test.x, task.test.as_of)
