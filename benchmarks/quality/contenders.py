"""Who runs in the race, where, and whether more time would change what they do."""

import time
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from benchmarks.quality.task import Task


@dataclass(frozen=True)
class Clock:
    """The wall time that a contender has, from the start of its process."""

    seconds: float
    started: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Seconds left, at least one."""
        return max(1.0, self.started + self.seconds - time.monotonic())


@dataclass(frozen=True)
class Contender:
    """One contender.

    Attributes:
        name: as it stands in records and on the page.
        module: where `predict(task, clock, seed)` is, which returns [test, horizons, 3].
        clocked: whether it works for as long as the clock allows; the others do what they do
            once, and stand at every clock that they keep.
        packages: whose versions its records name.
        needs_dates: whether it has nothing to say where the data do not tell when.
    """

    name: str
    module: str
    clocked: bool
    packages: tuple[str, ...]
    needs_dates: bool = False

    @property
    def is_peer(self) -> bool:
        """Whether it runs in the peers' environment."""
        return ".peers." in self.module


_OWN: Final = "benchmarks.quality.own"
_PEERS: Final = "benchmarks.quality.peers"

OURS: Final = "dealcast"
LIGHT: Final = "dealcast_light"
SURVIVAL_BOOST: Final = "survival_boost"
AUTOGLUON: Final = "autogluon"

CONTENDERS: Final = {
    one.name: one
    for one in (
        Contender(OURS, f"{_OWN}.dealcast", False, ("dealcast", "lightgbm")),
        Contender(LIGHT, f"{_OWN}.dealcast_light", False, ("dealcast", "lightgbm")),
        Contender("stage_rates", f"{_OWN}.stage_rates", False, ("dealcast",)),
        Contender("naive_bayes", f"{_OWN}.naive_bayes", False, ("scikit-learn",)),
        Contender("lightgbm", f"{_PEERS}.lightgbm", False, ("lightgbm",)),
        Contender(SURVIVAL_BOOST, f"{_PEERS}.survival_boost", False, ("hazardous",), True),
        Contender("catboost", f"{_PEERS}.catboost", True, ("catboost",)),
        Contender("xgboost", f"{_PEERS}.xgboost", True, ("xgboost-cpu",)),
        Contender("flaml", f"{_PEERS}.flaml", True, ("flaml", "lightgbm", "xgboost-cpu")),
        Contender(AUTOGLUON, f"{_PEERS}.autogluon", True, ("autogluon.tabular",)),
    )
}
"""In the order in which they run: the quick ones first."""


def check_shape(probabilities: np.ndarray, task: Task) -> None:
    """Refuse what is not one distribution over open, won and lost a deal and horizon.

    Raises:
        ValueError: another shape, or probabilities that are nan or do not sum to 1.
    """
    wanted = (len(task.test.x), len(task.horizons), 3)
    if probabilities.shape != wanted:
        raise ValueError(f"probabilities are {probabilities.shape}, and should be {wanted}")
    if not np.allclose(probabilities.sum(axis=2), 1.0, atol=1e-3):
        raise ValueError("probabilities do not sum to 1")
