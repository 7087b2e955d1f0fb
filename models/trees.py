"""Boosters as arrays: a tree is walked once a deal, and not once for each of its bins.

The rows of a deal in its bins differ in few columns, yet LightGBM takes each of them down every
tree from the top. In `models.walk` they go down together, and part only where a tree cuts a column
that is not the same in all of them; and so do the deals. A booster's scores are LightGBM's, to the
last bit.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import Any, Final, NamedTuple, Self

import lightgbm as lgb
import numpy as np

from data.errors import BadInput
from data.pool import in_turn
from models.curve import Array

_TOGETHER: Final = 64
"""Rows of a run at most: the bits of a number."""
_RUNS: Final = 500
"""Runs that go down a tree together at most: of more, what is asked next is no longer at hand."""
_READ: Final[dict[str, Any]] = {
    "split_feature": np.int64,
    "threshold": np.float64,
    "decision_type": np.int64,
    "left_child": np.int64,
    "right_child": np.int64,
    "leaf_value": np.float64,
    "cat_boundaries": np.int64,
    "cat_threshold": np.uint32,
}
"""What is read of a tree, by LightGBM's names, and its type."""
_PARTS: Final[dict[str, Any]] = {
    "kind": np.int8,
    "column": np.int32,
    "limit": np.float64,
    "left": np.int32,
    "right": np.int32,
    "value": np.float64,
}
"""What is kept of nodes and leaves, and its type."""
_CATEGORICAL, _DEFAULT_LEFT, _MISSING = 1, 2, 12
"""Bits of `decision_type`; the last two say what counts as missing."""
_ZERO, _NAN = 4, 8


class Trees(NamedTuple):
    """The trees of some boosters, nodes and leaves numbered through all of them.

    Attributes:
        root: by tree its first node, or its only leaf; leaves count from -1 downwards.
        kind: by node what it asks, see `models.walk`.
        column: by node what it asks about.
        limit: by node the number up to which rows go left, or the set whose words do.
        left: by node where those rows go on, a node or a leaf.
        right: by node where all others do.
        value: by leaf, from the first one.
        sets: sets of words, a bit for each, [sets, 32 words a number].
    """

    root: np.ndarray
    kind: np.ndarray
    column: np.ndarray
    limit: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    sets: np.ndarray

    @classmethod
    def of(cls, boosters: Sequence[lgb.Booster]) -> Self:
        """Read the trees out of boosters' texts.

        Raises:
            BadInput: they were fitted with a setting that the walk does not know.
        """
        from models import walk  # here: what scores nothing need not wait for a compiler

        root, sets = list[int](), list[np.ndarray]()
        parts = {name: [np.empty(0, kind)] for name, kind in _PARTS.items()}
        nodes, leaves = 0, 0
        for booster in boosters:
            for tree in _trees(booster):
                limit, words = tree["threshold"], tree["decision_type"] & _CATEGORICAL != 0
                kind = np.where(_nan_left(tree), walk.NAN_LEFT, walk.NAN_RIGHT)
                root.append(nodes if len(limit) else -1 - leaves)
                parts["kind"].append(np.where(words, walk.WORD, kind))
                parts["column"].append(tree["split_feature"])
                parts["limit"].append(limit + len(sets) * words)
                for side in ("left", "right"):
                    child = tree[f"{side}_child"]
                    parts[side].append(child + np.where(child < 0, -leaves, nodes))
                parts["value"].append(tree["leaf_value"])
                bounds = pairwise(tree["cat_boundaries"])
                sets += [tree["cat_threshold"][low:high] for low, high in bounds]
                nodes, leaves = nodes + len(limit), leaves + len(tree["leaf_value"])
        return cls(
            root=np.array(root, np.int64),
            **{name: np.concatenate(part).astype(_PARTS[name]) for name, part in parts.items()},
            sets=_padded(sets),
        )

    def predict(self, rows: Array, still: int, alike: int, threads: int = 1) -> Array:
        """Return what all trees add up to for each row, [n].

        Args:
            rows: code rows, [n, columns].
            still: how many of the first columns are the same in a run of rows.
            alike: how many rows a run has.
            threads: that share the runs.
        """
        from models.walk import walk

        rows, scores = np.require(rows, np.float64, ["C", "W"]), np.zeros(len(rows))
        together = max(n for n in range(1, _TOGETHER + 1) if alike % n == 0)
        still = still if together > 1 else rows.shape[1]
        runs = len(rows) // together
        each = threads * ceil(runs / threads / _RUNS)
        cuts = np.linspace(0, runs, each + 1, dtype=int) * together

        def walked(piece: tuple[int, int]) -> None:
            own = slice(*piece)
            walk(rows[own], still, together, *self, scores[own])

        pieces = [(low, high) for low, high in pairwise(cuts.tolist()) if low < high]
        for _ in in_turn(walked, pieces, threads):
            pass
        return scores


def _trees(booster: lgb.Booster) -> Iterator[dict[str, np.ndarray]]:
    """Yield what LightGBM's text of a booster says of each tree, see `_READ`."""
    trees, _, _ = booster.model_to_string().partition("\nend of trees")
    for tree in trees.split("\nTree=")[1:]:
        said = dict(line.split("=", 1) for line in tree.splitlines() if "=" in line)
        if said["is_linear"] != "0":
            raise _unknown("linear_tree")
        yield {name: np.array(said.get(name, "").split(), kind) for name, kind in _READ.items()}


def _nan_left(tree: dict[str, np.ndarray]) -> np.ndarray:
    """Return by node whether nan goes left; where none was missing, it counts as 0."""
    missing = tree["decision_type"] & _MISSING
    if (missing == _ZERO).any():
        raise _unknown("zero_as_missing")
    by_default = tree["decision_type"] & _DEFAULT_LEFT != 0
    return np.where(missing == _NAN, by_default, tree["threshold"] >= 0)


def _padded(sets: Sequence[np.ndarray]) -> np.ndarray:
    width = max(map(len, sets), default=1)
    return np.array([np.pad(one, (0, width - len(one))) for one in sets], np.uint32).reshape(
        -1, width
    )


def _unknown(setting: str) -> BadInput:
    return BadInput(
        "boosters were fitted with a setting that scoring does not know",
        field="booster",
        value=setting,
        allowed="LightGBM's settings without linear_tree and zero_as_missing",
        remedy="train without it",
    )
