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
def _left(what: int, up_to: float, sets: np.ndarray, number: float) -> bool:
    """Tell whether a row goes left; nan and -1 are in no set of words."""
    if what == NAN_LEFT:
        return not number > up_to
    if what == NAN_RIGHT:
        return bool(number <= up_to)
    words = sets[int(up_to)]
    if not 0 <= number < 32 * len(words):
        return False
    word = np.int64(number)
    return bool((words[word >> 5] >> np.uint32(word & 31)) & np.uint32(1))


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

    All runs go down a tree together. At a node stand some of them (`run`), each with the bits of
    its rows that are there (`own`). They part without a branch, which a processor would guess wrong
    half of the time: each is written to both sides, and what of it does not belong there is written
    over. Who goes right waits in front of who goes left. One function, since a call with so many
    arrays costs as much as a tree.
    """
    runs, nobody = len(rows) // alike, np.uint64(0)
    bit = np.uint64(1) << np.arange(alike).astype(np.uint64)
    everybody = bit.sum()
    fixed, moving = np.empty((still, runs)), np.empty((rows.shape[1] - still, runs, alike))
    for one in range(runs):
        own_rows = rows[one * alike : (one + 1) * alike]
        fixed[:, one], moving[:, one] = own_rows[0, :still], own_rows[:, still:].T
    run, own = np.empty(len(rows) + 1, np.int64), np.empty(len(rows) + 1, np.uint64)
    run_left, own_left = np.empty_like(run), np.empty_like(own)
    later, begins, ends = np.empty_like(run), np.empty_like(run), np.empty_like(run)
    for tree in range(len(root)):
        for one in range(runs):
            run[one], own[one] = one, everybody
        node, begin, end, waiting = root[tree], 0, runs, 0
        while True:
            while node >= 0:
                what, asked, up_to = kind[node], column[node], limit[node]
                rights, lefts = begin, 0
                if asked < still:  # all rows of a run go one way
                    for at in range(begin, end):
                        one, bits = run[at], own[at]
                        go = _left(what, up_to, sets, fixed[asked, one])
                        run[rights], own[rights] = run_left[lefts], own_left[lefts] = one, bits
                        rights, lefts = rights + (not go), lefts + go
                else:
                    for at in range(begin, end):
                        one, bits, numbers = run[at], own[at], moving[asked - still, run[at]]
                        going = nobody
                        for row in range(alike):
                            go = _left(what, up_to, sets, numbers[row])
                            going |= bit[row] if go else nobody
                        run[rights], own[rights] = one, bits & ~going
                        run_left[lefts], own_left[lefts] = one, bits & going
                        rights += bits & ~going != nobody
                        lefts += bits & going != nobody
                if lefts == 0:
                    node, end = right[node], rights
                    continue
                if rights > begin:
                    later[waiting], begins[waiting], ends[waiting] = right[node], begin, rights
                    waiting += 1
                node, begin, end = left[node], rights, rights + lefts
                run[begin:end], own[begin:end] = run_left[:lefts], own_left[:lefts]
            adds = value[-1 - node]
            for at in range(begin, end):
                told, bits = scores[run[at] * alike : (run[at] + 1) * alike], own[at]
                for row in range(alike):
                    told[row] += adds if bits & bit[row] else 0.0
            if waiting == 0:
                break
            waiting -= 1
            node, begin, end = later[waiting], begins[waiting], ends[waiting]
