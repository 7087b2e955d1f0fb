"""Hours go to what is worth most: against brute force, and against the exact solver."""

from itertools import product

import numpy as np
import pytest

from benchmarks.desk.allocating import case
from serving.insights.allocation import Load, allocate, bound, exact, greedy


def small(seed: int) -> Load:
    rng = np.random.default_rng(seed)
    deals, sellers = int(rng.integers(1, 9)), int(rng.integers(1, 4))
    return Load(
        value=np.round(rng.lognormal(0, 1, deals), 3) * (rng.random(deals) > 0.1),
        hours=rng.choice([0.25, 0.5, 1.0, 2.5], deals),
        seller=rng.integers(0, sellers, deals),
        account=rng.integers(-1, 4, deals),
        capacity=rng.choice([0.0, 0.5, 1.0, 2.0, 4.0], sellers),
        most=rng.integers(0, 5, sellers),
        per_account=int(rng.integers(1, 3)),
    )


def brute_force(load: Load) -> float:
    """Try every choice; the limits are checked here anew, one by one."""
    best = 0.0
    for picked in product([False, True], repeat=len(load.value)):
        deals = [i for i, on in enumerate(picked) if on]
        accounts = [load.account[i] for i in deals if load.account[i] >= 0]
        if any(accounts.count(a) > load.per_account for a in accounts):
            continue
        fits = all(
            sum(load.hours[i] for i in deals if load.seller[i] == s) <= load.capacity[s]
            and sum(load.seller[i] == s for i in deals) <= load.most[s]
            for s in range(len(load.capacity))
        )
        if fits:
            best = max(best, float(sum(load.value[i] for i in deals)))
    return best


def test_the_choice_is_the_best_of_all_choices_on_200_random_cases() -> None:
    for seed in range(200):
        load = small(seed)
        chosen = allocate(load)
        assert load.allows(chosen)
        assert load.worth(chosen) == pytest.approx(brute_force(load), abs=1e-9)
        assert bound(load) >= load.worth(chosen) - 1e-6


def test_greedy_is_within_one_per_cent_of_the_best_on_2000_deals_of_40_sellers() -> None:
    for seed in range(100, 102):
        load = case(seed)
        quick, best = greedy(load), exact(load)
        assert best is not None
        assert load.allows(quick)
        assert load.allows(best)
        assert load.worth(quick) >= 0.99 * load.worth(best)
        assert load.worth(best) <= bound(load) + 1e-6


def test_a_case_too_large_to_solve_exactly_still_keeps_all_limits() -> None:
    load = case(1, deals=6_000)
    chosen = allocate(load)
    assert load.allows(chosen)
    assert load.worth(chosen) >= 0.99 * bound(load)


def test_nothing_to_allocate_is_an_empty_choice() -> None:
    none = np.zeros(0)
    load = Load(none, none, none.astype(int), none.astype(int), none, none.astype(int), 1)
    assert allocate(load).tolist() == greedy(load).tolist() == []
