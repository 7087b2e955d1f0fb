"""Whose hours go to which deals: the most value within hours and caps.

    max Σ v_i x_i   with   Σ_{i of seller} h_i x_i ≤ hours of the seller,
                           Σ_{i of seller} x_i ≤ places of the seller,
                           Σ_{i of account} x_i ≤ cap,   x_i in {0, 1}

Solved exactly by HiGHS (`scipy.optimize.milp`) up to `MOST_EXACT` deals; above, or should HiGHS
run out of its time, by a greedy rule with exchanges that starts from the fractional problem.
"""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Self

import numpy as np
import polars as pl

from models.curve import Array

Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
Places = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

MOST_EXACT: Final = 5_000
_SECONDS: Final = 20.0
_CLOSE: Final = 1e-6
_OPTIONS: Final = {"mip_rel_gap": 1e-9, "presolve": False}
"""Taking presolved answers back, HiGHS writes to standard output; without, it is no slower."""
_LEAST: Final = 1e-300
_ROUNDS: Final = 5
_PAIRED: Final = 10
"""Of so many of the least valuable deals two may make way for one."""


@dataclass(frozen=True)
class Load:
    """What competes for hours: n deals of sellers and accounts.

    Attributes:
        value: what listing each deal is worth, at least 0, [n].
        hours: what it takes, above 0, [n].
        seller: whose it is, as places in `capacity` and `most`, [n].
        account: which customer's, as any numbers; below 0 means no cap, [n].
        capacity: hours of each seller, [m].
        most: how many deals each seller is shown at most, [m].
        per_account: how many deals of one account.
    """

    value: Array
    hours: Array
    seller: Places
    account: Places
    capacity: Array
    most: Places
    per_account: int

    def worth(self, chosen: Mask) -> float:
        """Return the value of a choice."""
        return float(self.value[chosen].sum())

    def take(self, which: Mask) -> Self:
        """Return what competes when only some deals do, [n]."""
        rows = {
            name: getattr(self, name)[which] for name in ("value", "hours", "seller", "account")
        }
        return replace(self, **rows)

    def allows(self, chosen: Mask) -> bool:
        """Say whether a choice keeps within hours, places and caps."""
        m = len(self.capacity)
        used = np.bincount(self.seller[chosen], self.hours[chosen], m)
        shown = np.bincount(self.seller[chosen], minlength=m)
        capped = self.account[chosen & (self.account >= 0)]
        most = np.bincount(capped).max(initial=0)
        fits = (used <= self.capacity + _CLOSE).all() and (shown <= self.most).all()
        return bool(fits and most <= self.per_account)


def allocate(load: Load) -> Mask:
    """Choose the deals that hours go to, [n]: the best choice, or nearly so for large cases.

    What is worth nothing is not chosen.
    """
    worthy: Mask = load.value > 0
    if load.allows(worthy):
        return worthy
    few = load.take(worthy)
    best = exact(few) if len(few.value) <= MOST_EXACT else None
    chosen = np.zeros(len(worthy), dtype=np.bool_)
    chosen[worthy] = greedy(few) if best is None else best
    return chosen


def exact(load: Load, seconds: float = _SECONDS) -> Mask | None:
    """Return the choice of the most value, [n]; None if it was not found in time."""
    found = _solved(load, whole=True, seconds=seconds)
    return None if found is None else (found > 0.5) & (load.value > 0)


def bound(load: Load) -> float:
    """Return what no choice can exceed: the best one if deals could be worked on in part."""
    found = _solved(load, whole=False)
    return float(load.value.sum() if found is None else load.value @ found)


def greedy(load: Load) -> Mask:
    """Return a choice near the best: what the fractional problem takes, then exchanges.

    The fractional problem takes few deals in part. In the order of how much of each it takes,
    and of value an hour, deals go in while they fit; then each one left out replaces one or two
    less valuable ones of its seller, wherever that gains, until nothing does.
    """
    part = _solved(load, whole=False)
    taken = np.zeros(len(load.value)) if part is None else part
    choice = _Choice(load)
    for deal in np.lexsort((-load.value / load.hours, -taken.round(6))).tolist():
        if load.value[deal] > 0 and choice.fits(deal):
            choice.put(deal)
    dearest = np.argsort(-load.value, kind="stable").tolist()
    for _ in range(_ROUNDS):
        gained = sum(choice.exchange(deal) for deal in dearest if load.value[deal] > 0)
        if gained == 0:
            break
    return np.array(choice.chosen, dtype=np.bool_)


def _solved(load: Load, whole: bool, seconds: float = _SECONDS) -> Array | None:
    """Return how much of each deal the best choice takes, [n], whole deals or parts of them."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # here: scoring never needs it
    from scipy.sparse import csr_array, vstack

    n, m = len(load.value), len(load.capacity)
    if n == 0:
        return np.zeros(0)
    deal, ones = np.arange(n), np.ones(n)
    hours = csr_array((load.hours, (load.seller, deal)), shape=(m, n))
    places = csr_array((ones, (load.seller, deal)), shape=(m, n))
    capped = np.flatnonzero(load.account >= 0)
    names, of = np.unique(load.account[capped], return_inverse=True)
    accounts = csr_array((ones[capped], (of, capped)), shape=(len(names), n))
    limits = np.concatenate([load.capacity, load.most, np.full(len(names), load.per_account)])
    found = milp(
        -load.value / max(float(load.value.max()), _LEAST),  # HiGHS likes numbers near one
        integrality=ones * whole,
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(vstack([hours, places, accounts]), ub=limits),
        options={"time_limit": seconds, **_OPTIONS},
    )
    return found.x if found.status == 0 else None


class _Choice:
    """A choice in the making, with what is left of each limit. Plain lists: it is a tight loop."""

    def __init__(self, load: Load) -> None:
        self.value: list[float] = load.value.tolist()
        self.hours: list[float] = load.hours.tolist()
        self.seller: list[int] = load.seller.tolist()
        self.account: list[int] = load.account.tolist()
        self.left: list[float] = load.capacity.tolist()
        self.places: list[int] = load.most.tolist()
        self.room = dict.fromkeys(self.account, load.per_account) | {-1: len(self.value)}
        self.chosen = [False] * len(self.value)
        self.listed: list[set[int]] = [set() for _ in self.left]

    def fits(self, deal: int, instead: tuple[int, ...] = ()) -> bool:
        """Say whether a deal fits, should others of its seller go."""
        seller, account = self.seller[deal], self.account[deal]
        hours = self.left[seller] + sum(self.hours[one] for one in instead)
        room = self.room[account] + sum(self.account[one] == account for one in instead)
        places = self.places[seller] + len(instead)
        return self.hours[deal] <= hours + _CLOSE and places > 0 and room > 0

    def put(self, deal: int, chosen: bool = True) -> None:
        """List a deal, or take it off."""
        sign, seller = (1 if chosen else -1), self.seller[deal]
        self.chosen[deal] = chosen
        self.left[seller] -= sign * self.hours[deal]
        self.places[seller] -= sign
        self.room[self.account[deal]] -= sign
        (self.listed[seller].add if chosen else self.listed[seller].discard)(deal)

    def exchange(self, deal: int) -> bool:
        """List a deal instead of the least valuable ones that make way, if that gains."""
        if self.chosen[deal]:
            return False
        worth = self.value[deal]
        own = [one for one in self.listed[self.seller[deal]] if self.value[one] < worth - _CLOSE]
        own.sort(key=lambda one: (self.value[one], one))
        ways: list[tuple[int, ...]] = [(), *((one,) for one in own)]
        ways += [(a, b) for a, b in combinations(own[:_PAIRED], 2)]
        gains = [way for way in ways if sum(self.value[one] for one in way) < worth - _CLOSE]
        for way in sorted(gains, key=lambda way: sum(self.value[one] for one in way)):
            if self.fits(deal, way):
                for one in way:
                    self.put(one, chosen=False)
                self.put(deal)
                return True
        return False


def numbered(names: pl.Series) -> Places:
    """Return a number for each name, the same for the same one, and -1 for none, [n]."""
    ranked = names.rank("dense").cast(pl.Int64).fill_null(0).to_numpy()
    places: Places = ranked - 1
    return places
