"""A booster fitted by the workers of a Dask cluster together, each on some of the rows."""

import warnings
from collections import defaultdict
from collections.abc import Iterator
from itertools import cycle
from typing import Any, Final

import lightgbm as lgb
import numpy as np

from data.errors import NotReady
from models.curve import Array

_LEAST_PIECES: Final = 64
_WAIT_S: Final = 3
_THREADS: Final = "num_threads"
"""The parameter that LightGBM takes from the workers instead."""


def fitted(
    address: str,
    rows: Iterator[Array],
    target: Array,
    weight: Array,
    parameters: dict[str, Any],
    rounds: int,
    categories: list[int],
) -> lgb.Booster:
    """Fit a booster with LightGBM's data-parallel learner.

    Bins and sums come from all workers, so it learns from all rows, but does not grow the very
    same trees as one process would.

    Args:
        address: of the cluster's scheduler, such as tcp://scheduler:8786.
        rows: the rows, some at a time, each [m, columns]; they are sent on and not kept.
        target: of all rows, [n].
        weight: how much each counts, [n].
        parameters: of LightGBM.
        rounds: trees.
        categories: positions of columns that are codes of words.

    Raises:
        NotReady: Dask is not installed, or no scheduler or worker answers.
    """
    arrays, client = _dask(address)
    with client:
        workers = cycle(client.scheduler_info(n_workers=-1)["workers"])
        sent, seen = [], defaultdict[str, Any](bool)
        for part, worker in zip(rows, workers, strict=False):
            sent.append((client.scatter(part, workers=[worker]), part.shape, part.dtype))
            seen[worker] |= np.isfinite(part[:, categories]).any(axis=0)
        # LightGBM crashes over a category of which a worker has no word: its codes are numbers then
        everywhere = np.logical_and.reduce(list(seen.values()))
        cut = (tuple(shape[0] for _, shape, _ in sent),)
        own = {name: value for name, value in parameters.items() if name != _THREADS}
        learner = lgb.DaskLGBMRegressor(client=client, n_estimators=rounds, **own)
        learner.fit(
            arrays.concatenate([arrays.from_delayed(*part) for part in sent]),
            arrays.from_array(target, chunks=cut),
            sample_weight=arrays.from_array(weight, chunks=cut),
            categorical_feature=np.array(categories, dtype=int)[everywhere].tolist(),
        )
        booster: lgb.Booster = learner.booster_
        return booster


def pieces(at: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Cut positions into pieces of at most so many, and enough for each worker to get some."""
    many = max(-(-len(at) // most), min(_LEAST_PIECES, len(at)))
    yield from np.array_split(at, many)


def _dask(address: str) -> tuple[Any, Any]:
    """Return Dask's arrays and a client of the scheduler."""
    # LightGBM says so of its own default: it takes the threads of the workers
    warnings.filterwarnings("ignore", "Parameter n_jobs will be ignored", UserWarning)
    try:
        from dask import array
        from distributed import Client
    except ImportError as error:
        raise _missing("Dask is not installed", address, "pip install 'dealcast[dask]'") from error
    connect: Any = Client
    try:
        client = connect(address, timeout=_WAIT_S)
        client.wait_for_workers(1, timeout=10 * _WAIT_S)
    except OSError as error:  # a timeout is one
        remedy = "start `dask scheduler` and `dask worker`, or unset DEALCAST_DASK"
        raise _missing("no Dask worker answers", address, remedy) from error
    return array, client


def _missing(title: str, address: str, remedy: str) -> NotReady:
    allowed = "the address of a scheduler, such as tcp://scheduler:8786"
    return NotReady(title, field="DEALCAST_DASK", value=address, allowed=allowed, remedy=remedy)
