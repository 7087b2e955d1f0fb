"""The walk down the trees of `models.trees`: the one thing that is compiled here, by Numba."""

from typing import Any

import numpy as np
from numba import njit

from models.curve import Array
from models.trees import NAN_LEFT, NAN_RIGHT, WORD


def _compiled(function: Any) -> Any:
    """Compile a function when it is first called, or read what was compiled before."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # it can be kept neither beside this file nor in the user's cache
        return njit(nogil=True)(function)


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
    """Add to scores what `Trees.predict` says; all between `alike` and `scores` is of `Trees`."""
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


@_compiled
def _among(words: np.ndarray, word: float) -> bool:
    """Tell whether a set, a bit for each word, has this one; nan and -1 are in none."""
    if not 0 <= word < 32 * len(words):
        return False
    place = np.int64(word)
    return bool((words[place >> 5] >> np.uint32(place & 31)) & np.uint32(1))
