"""How near the best the allocation is, and how long it takes: 2,000 deals of 40 sellers."""

import time
from typing import Any, Final

import numpy as np

from serving.insights.allocation import Load, bound, exact, greedy

DEALS, SELLERS = 2_000, 40
_CASES: Final = 10


def case(seed: int, deals: int = DEALS, sellers: int = SELLERS) -> Load:
    """Return a random case: heavy-tailed values, hours by channel, tight hours and accounts."""
    rng = np.random.default_rng(seed)
    return Load(
        value=rng.lognormal(0.0, 1.2, deals),
        hours=rng.choice([0.25, 0.5, 0.5, 1.0, 2.5], deals),
        seller=rng.integers(0, sellers, deals),
        account=rng.integers(0, max(deals // 2, 1), deals),
        capacity=rng.uniform(4.0, 20.0, sellers),
        most=np.full(sellers, 30),
        per_account=2,
    )


def measured() -> dict[str, Any]:
    """Return seconds and what share of the best the greedy rule reaches, over some cases."""
    exact(case(0, 20, 2))  # so that no import is on the clock
    rows = []
    for seed in range(_CASES):
        load = case(seed)
        begun = time.perf_counter()
        quick = greedy(load)
        between = time.perf_counter()
        best = exact(load)
        ended = time.perf_counter()
        if best is None:
            continue
        rows.append(
            {
                "seed": seed,
                "greedy_s": between - begun,
                "exact_s": ended - between,
                "greedy_of_best": load.worth(quick) / load.worth(best),
                "best_of_bound": load.worth(best) / bound(load),
            }
        )
    return {"deals": DEALS, "sellers": SELLERS, "cases": rows}
