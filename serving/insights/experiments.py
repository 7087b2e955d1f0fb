"""Chance that is known: hold-out, exploration and swaps near the cut, each with its probability.

All chance comes from hashes of names, so the same list is made again from the same data, and the
probability with which each deal would have been listed is known and kept with it.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from data.listing import Experiments
from models.curve import Array
from serving.insights.allocation import Load, Mask

_WIDE: Final = 2**64


def chance(*names: str) -> float:
    """Return a number in [0, 1) that depends on names only, evenly spread over names."""
    text = "\x1f".join(names).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") / _WIDE


def held_out(groups: list[str], experiments: Experiments, pipeline: str) -> Mask:
    """Say which deals belong to the hold-out, [n], by their accounts: the same ones every week."""
    key = ("hold-out", experiments.salt, pipeline)
    drawn = {group: chance(*key, group) < experiments.holdout for group in set(groups)}
    return np.array([drawn[group] for group in groups], dtype=np.bool_)


@dataclass(frozen=True)
class Drawn:
    """A choice with what chance did to it, [n] each.

    Attributes:
        chosen: what is listed.
        explored: what is listed because it was drawn.
        swapped: what changed places near the cut, on or off the list.
        propensity: how likely each deal was to be listed, over this chance alone.
    """

    chosen: Mask
    explored: Mask
    swapped: Mask
    propensity: Array

    @classmethod
    def of(cls, chosen: Mask) -> Self:
        """Return a choice that nothing was done to."""
        nothing = np.zeros(len(chosen), dtype=np.bool_)
        return cls(chosen.copy(), nothing, nothing.copy(), chosen.astype(np.float64))


@dataclass(frozen=True)
class Chance:
    """What chance may do in one week.

    Attributes:
        experiments: how much is left to it.
        week: each week has chance of its own.
        ids: the deals, whose names are their chance, [n].
    """

    experiments: Experiments
    week: str
    ids: list[str]

    def draw(self, load: Load, chosen: Mask, may: Mask, kept: Array) -> Drawn:
        """Swap pairs near the cut, and draw deals for the hours kept.

        Args:
            load: what competes.
            chosen: the best choice of it.
            may: deals that chance may list or take off, [n].
            kept: hours of each seller that are drawn for, [m].
        """
        drawn = Drawn.of(chosen)
        for seller, hours in enumerate(kept):
            own = np.flatnonzero((load.seller == seller) & may).tolist()
            self._swap(load, drawn, own)
            self._explore(load, drawn, own, float(hours))
        return drawn

    def _swap(self, load: Load, drawn: Drawn, own: list[int]) -> None:
        """Pair the least that is listed with the best that is not, needs no more hours and fits."""
        value, ids, likely = load.value, self.ids, self.experiments.swap
        listed = sorted((i for i in own if drawn.chosen[i]), key=lambda i: (value[i], ids[i]))
        others = sorted((i for i in own if not drawn.chosen[i]), key=lambda i: (-value[i], ids[i]))
        for on in listed[: self.experiments.swap_pairs if likely else 0]:
            off = next((i for i in others if self._fits(load, drawn, i, on)), None)
            if off is None:
                return
            others.remove(off)
            drawn.propensity[on], drawn.propensity[off] = 1.0 - likely, likely
            if chance("swap", self.experiments.salt, self.week, ids[on], ids[off]) < likely:
                drawn.chosen[on], drawn.chosen[off] = False, True
                drawn.swapped[on] = drawn.swapped[off] = True

    def _explore(self, load: Load, drawn: Drawn, own: list[int], hours: float) -> None:
        """Draw as many deals as the hours kept are sure to hold, each with the same chance."""
        left = [i for i in own if drawn.propensity[i] == 0 and load.hours[i] <= hours]
        left = [i for i in left if self._fits(load, drawn, i, None)]
        if not left:
            return
        number = min(int(hours / max(load.hours[left])), len(left))
        order = sorted(
            left, key=lambda i: chance("explore", self.experiments.salt, self.week, self.ids[i])
        )
        for i in order:
            drawn.propensity[i] = number / len(left)
        for i in order[:number]:
            drawn.chosen[i] = drawn.explored[i] = True

    def _fits(self, load: Load, drawn: Drawn, deal: int, instead: int | None) -> bool:
        """Say whether one more deal of an account keeps its cap, and the hours of the other."""
        if instead is not None and load.hours[deal] > load.hours[instead]:
            return False
        account = load.account[deal]
        same = (load.account == account) & drawn.chosen
        room = (
            load.per_account
            - int(same.sum())
            + (0 if instead is None else int(load.account[instead] == account))
        )
        return bool(account < 0 or room > 0)
