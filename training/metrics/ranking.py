"""What is found by working from the top: gains, and precision at capacity."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from models.curve import Array
from training.metrics.intervals import Draws, Interval


@dataclass(frozen=True)
class Capacity:
    """The deals that sellers have room for, each theirs by probability.

    Attributes:
        listed: the share of deals that are on the lists.
        precision: the share of the listed that were won.
        found: the share of all wins that are on the lists.
        found_value: the same, each win counting its amount.
    """

    listed: float
    precision: Interval
    found: Interval
    found_value: Interval


def auc(said: Array, came: np.ndarray) -> float:
    """Return the chance that of two deals the one that came had more, nan where all are alike."""
    alike = came.min(initial=1) == came.max(initial=0)
    return float("nan") if alike else float(roc_auc_score(came, said))


def gains(said: Array, value: np.ndarray) -> Array:
    """Return the share of all value found among the first k deals, [n + 1], for k from 0.

    Deals of which the same was said stand in no order: each brings the mean of theirs.

    Args:
        said: what they are listed by, highest first, [n].
        value: what is found in each, at least 0, [n]: whether it was won, or the amount won.
    """
    _, place = np.unique(-said, return_inverse=True)
    alike = np.bincount(place, weights=value) / np.bincount(place)
    found = np.concatenate([[0.0], np.cumsum(alike[np.sort(place)])])
    shares: Array = found / max(found[-1], np.finfo(float).tiny)
    return shares


def at_capacity(
    said: Array,
    won: np.ndarray,
    value: Array,
    lists: np.ndarray,
    groups: np.ndarray,
    draws: Draws,
    per_list: int,
) -> Capacity:
    """Judge lists of the likeliest deals.

    Args:
        said: what a list ranks by, [n].
        won: whether the deal was won, [n].
        value: its amount, [n].
        lists: which list it would stand on (a seller at an origin), [n].
        groups: accounts or deals, [n].
        draws: of the groups.
        per_list: how many deals a list holds.
    """
    listed = _place(said, lists) < per_list
    hits = listed & won
    return Capacity(
        float(listed.mean()),
        draws.ratio(groups, hits, listed),
        draws.ratio(groups, hits, won),
        draws.ratio(groups, hits * value, won * value),
    )


def _place(said: Array, lists: np.ndarray) -> np.ndarray:
    """Return each deal's place on its list, from 0; of equals the first stays first, [n]."""
    _, group = np.unique(lists, return_inverse=True)
    order = np.lexsort((-said, group))
    sizes = np.bincount(group)
    place = np.empty(len(said), dtype=np.int64)
    place[order] = np.arange(len(said)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return place
