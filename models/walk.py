"""The walk down the trees of `models.trees`: the one thing that is compiled here, by Numba."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit

from models.curve import Array

NAN_RIGHT, NAN_LEFT, WORD = range(3)
"""What a node asks: whether a number is below a limit, and where nan goes; or which word it is.
They stand here because what was compiled before is told by this file alone."""
_TYPES: Final = (
    "void(f8[:, ::1], i8, i8, i8[::1], i1[::1], i4[::1], f8[::1], i4[::1], i4[::1], f8[::1],"
    " u4[:, ::1], f8[::1])"
)


def _compiled(function: Callable[..., None]) -> Any:
    """Compile a function now, or load what was compiled before, so that no call waits for it."""
    try:
        return njit(_TYPES, nogil=True, cache=True)(function)
    except Exception:  # nothing can be kept, the disk is full, or what was kept is damaged
        return njit(_TYPES, nogil=True)(function)


@njit(nogil=True)
def _among(words: np.ndarray, word: float) -> bool:
    """Tell whether a set, a bit for each word, has this one; nan and -1 are in none."""
    if not 0 <= word < 32 * len(words):
        return False
    place = np.int64(word)
    return bool((words[place >> 5] >> np.uint32(place & 31)) & np.uint32(1))


@_compiled
def walk(
    rows: Array,
    still: int,
    alike: int,
    root: np.ndarray,
    kind: np.ndarray,
    column: np.ndarray,
    limit: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    value: np.ndarray,
    sets: np.ndarray,
    scores: Array,
) -> None:
    """Add to scores what `Trees.predict` says; all between `alike` and `scores` is of `Trees`.

    Rows that are together at a node are the bits of `own`. Where they part, those that go right are
    put by (`theirs`) with the node they go on from (`later`), and go down after the others. One
    function, since a call with so many arrays costs as much as a tree.
    """
    everybody = np.uint64(2**alike - 1)
    moving = np.empty((rows.shape[1] - still, alike))
    later, theirs = np.empty(alike, np.int64), np.empty(alike, np.uint64)
    for at in range(0, len(rows), alike):
        moving[:] = rows[at : at + alike, still:].T
        for tree in range(len(root)):
            node, own, waiting = root[tree], everybody, 0
            while True:
                while node >= 0:
                    what, asked, up_to = kind[node], column[node], limit[node]
                    if asked < still:  # all go one way
                        number = rows[at, asked]
                        if what == WORD:
                            go = _among(sets[int(up_to)], number)
                        else:
                            go = number <= up_to or (what == NAN_LEFT and number != number)
                        node = left[node] if go else right[node]
                        continue
                    lefts = np.uint64(0)
                    if what == NAN_LEFT:
                        for row in range(alike):
                            go = not moving[asked - still, row] > up_to
                            lefts |= np.uint64(go) << np.uint64(row)
                    elif what == NAN_RIGHT:
                        for row in range(alike):
                            go = moving[asked - still, row] <= up_to
                            lefts |= np.uint64(go) << np.uint64(row)
                    else:
                        for row in range(alike):
                            go = _among(sets[int(up_to)], moving[asked - still, row])
                            lefts |= np.uint64(go) << np.uint64(row)
                    others = own & ~lefts
                    if others == own:
                        node = right[node]
                        continue
                    if others != 0:
                        later[waiting], theirs[waiting] = right[node], others
                        own, waiting = own & lefts, waiting + 1
                    node = left[node]
                adds = value[-1 - node]
                for row in range(alike):
                    if own >> np.uint64(row) & np.uint64(1):
                        scores[at + row] += adds
                if waiting == 0:
                    break
                waiting -= 1
                node, own = later[waiting], theirs[waiting]
