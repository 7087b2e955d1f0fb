"""Snapshots unfolded into bins: only bins that were seen whole may teach."""

from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from data.moments import DAY
from models.curve import LOST, OPEN, WON
from models.sample import Sample

EDGES = np.array([0.0, 1.0, 3.0, 7.0])
_days = st.sampled_from([0.5, 1.0, 2.0, 3.0, 6.9, 7.0, 8.0, np.inf])
_seen = st.sampled_from([0.0, 0.9, 1.0, 2.0, 3.0, 6.0, 7.0, 30.0])
_snapshots = st.lists(st.tuples(_days, st.sampled_from([WON, LOST]), _seen), max_size=12)


def sample(days: list[float], cause: list[int], seen: list[float]) -> Sample:
    """Make a sample of which only the outcomes matter."""
    numbers = np.arange(len(days))
    arrays = np.array(days, float), np.array(cause, int), np.array(seen, float)
    return Sample(pl.DataFrame({"stage": ["s"] * len(days)}), *arrays, groups=numbers)


@given(_snapshots)
def test_bins_are_those_that_a_loop_would_choose(
    snapshots: list[tuple[float, int, float]],
) -> None:
    expected = []
    for number, (days, cause, seen) in enumerate(snapshots):
        for bin_, (start, end) in enumerate(pairwise(EDGES)):
            reached, whole = days > start, seen >= end
            if reached and whole:
                expected.append((number, bin_, cause if days <= end else OPEN))
    of = sample(*(list(column) for column in zip(*snapshots, strict=True))) if snapshots else None
    found = [] if of is None else list(zip(*(a.tolist() for a in of.bins(EDGES)), strict=True))
    assert found == expected


def test_a_closing_in_a_bin_that_is_half_seen_teaches_nothing() -> None:
    quick = sample([2.0], [WON], [2.5])  # won on day 2; the bin runs to day 3, the data to 2.5
    snapshot, number, cause = quick.bins(EDGES)
    assert (snapshot.tolist(), number.tolist(), cause.tolist()) == ([0], [0], [OPEN])


@given(st.integers(0, 60))
def test_cut_at_a_moment_only_bins_that_end_by_then_teach(days: int) -> None:
    rng = np.random.default_rng(days)
    as_of = rng.integers(0, 50, 40)
    edges = np.array([0.0, 3.0, 10.0, 30.0])
    whole = Sample(
        rows=pl.DataFrame({"as_of": as_of * DAY}),
        days=rng.exponential(15, 40),
        cause=rng.integers(1, 3, 40),
        seen=60.0 - as_of,
        groups=np.arange(40),
    )
    snapshot, number, cause = whole.bins(edges)
    ended = as_of[snapshot] + edges[number + 1] <= days
    for full, cut in zip(
        (snapshot, number, cause), whole.known_at(days * DAY).bins(edges), strict=True
    ):
        np.testing.assert_array_equal(full[ended], cut)
