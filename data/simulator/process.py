"""The process: how deals move step by step, as a Markov chain over (stage, momentum).

All that a deal's future depends on is its fixed traits, the calendar, who holds its seat, its
stage and its momentum. Nothing drawn later reaches back, so its true curves can be computed
(`data.simulator.truth`) from the very chances that the draws here use.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from data.simulator.calendar import Clock, Floats, Ints
from data.simulator.ladders import ADVANCE, BACK, EVENTS, LOST, MOMENTA, NEGLECTED, WON, Ladder
from data.simulator.world import World


def competing(rates: Floats) -> Floats:
    """Return the chance of each of some competing events within one step, and of none.

    With constant rates λ and their sum Λ, event k comes first with λ_k / Λ · (1 − e^(−Λ)).

    Args:
        rates: [..., k] rates per step, at least 0.

    Returns:
        [..., k + 1] chances that sum to 1; the last is that nothing happens.

    """
    total = rates.sum(axis=-1, keepdims=True)
    happens = -np.expm1(-total)
    share = np.divide(rates, total, out=np.zeros_like(rates), where=total > 0)
    return np.concatenate([share * happens, 1 - happens], axis=-1)


@dataclass(frozen=True)
class Dynamics:
    """The chances of one cohort (see `data.simulator.cohort`) on its ladder, at any step."""

    ladder: Ladder
    world: World
    cohort: pl.DataFrame

    @cached_property
    def clock(self) -> Clock:
        """The steps in which this ladder moves."""
        return self.world.clock(self.ladder.step_days)

    @cached_property
    def log_season(self) -> Floats:
        """Log effect of the calendar on each event, [steps, 4]."""
        return self.world.log_season(self.ladder)

    @cached_property
    def _traits(self) -> tuple[Floats, Floats, Ints]:
        columns = ("advantage", "pace", "seat")
        advantage, pace, seat = (self.cohort[name].to_numpy() for name in columns)
        return advantage, pace, seat

    def owner(self, step: Ints | int, member: Ints) -> Ints:
        """Return who holds the seats of deals at steps, as positions among the sellers."""
        owner: Ints = self.world.roster[step * self.ladder.step_days, self._traits[2][member]]
        return owner

    def _advantage(self, step: int, member: Ints) -> Floats:
        return self._traits[0][member] + self.world.sellers.skill[self.owner(step, member)]

    def event_chances(self, step: int, member: Ints, stage: Ints, momentum: Ints) -> Floats:
        """Return the chances of (advance, back, won, lost, stay) in a step.

        Args:
            step: the step.
            member: [n] positions in the cohort.
            stage: stages that broadcast against [n, ...]: [n], or [1, stages, 1] for all.
            momentum: momenta that broadcast likewise.

        """
        ladder, pace = self.ladder, self._traits[1][member]
        effect = (
            self.log_season[step]
            + np.outer(self._advantage(step, member), ladder.pull)
            + np.outer(pace, ladder.haste)
        )
        effect = effect.reshape(len(member), *[1] * (stage.ndim - 1), len(EVENTS))
        rates = np.asarray(ladder.base)[stage] * np.asarray(ladder.mood)[momentum]
        return competing(rates * np.exp(effect))

    def momentum_chances(self, step: int, member: Ints) -> Floats:
        """Return the chances [n, from, to] of momentum at the end of a step."""
        advantage = self._advantage(step, member)
        slack = self.world.sellers.slack[self.owner(step, member)]
        rates = np.repeat(np.asarray(self.ladder.cooling)[None], len(member), axis=0)
        rates[:, :, 0] *= np.exp(0.3 * advantage)[:, None]  # towards engaged
        rates[:, :, 1] *= np.exp(-0.3 * advantage)[:, None]
        rates[:, :, NEGLECTED] *= np.exp(slack)[:, None]
        chances = competing(rates)
        diagonal = np.arange(len(MOMENTA))
        chances[:, diagonal, diagonal] = chances[:, :, -1]
        return chances[:, :, :-1]

    def run(self, rng: np.random.Generator) -> pl.DataFrame:
        """Draw every deal's path until it closes or the data end.

        Returns:
            A row for each deal and step, ordered by member and step: `member`, `step`, the
            `stage` and `momentum` at its beginning, the `event` in it (4: none), the moment `at`
            of that event, and the `owner` who held the deal.

        """
        entry = self.cohort["entry"].to_numpy()
        order = np.argsort(entry, kind="stable")
        steps = self.world.steps(self.ladder) + 1  # one past the end shows the state at the end
        bounds = np.searchsorted(entry[order], np.arange(steps + 1))
        stage, momentum = (self.cohort[name].to_numpy().copy() for name in ("stage", "momentum"))
        active, rows = np.empty(0, np.int64), []
        for step in range(steps):
            active = np.concatenate([active, order[bounds[step] : bounds[step + 1]]])
            chances = self.event_chances(step, active, stage[active], momentum[active])
            event = _draw(chances, rng)
            rows.append(
                (active, np.full(len(active), step), stage[active], momentum[active], event)
            )
            stage[active] += (event == ADVANCE).astype(np.int64) - (event == BACK)
            moved = self.momentum_chances(step, active)
            momentum[active] = _draw(moved[np.arange(len(active)), momentum[active]], rng)
            active = active[(event != WON) & (event != LOST)]
        return self._paths(rows, rng)

    def _paths(
        self, rows: list[tuple[Ints, Ints, Ints, Ints, Ints]], rng: np.random.Generator
    ) -> pl.DataFrame:
        member, step, stage, momentum, event = (
            np.concatenate(column) for column in zip(*rows, strict=True)
        )
        return pl.DataFrame(
            {
                "member": member,
                "step": step,
                "stage": stage,
                "momentum": momentum,
                "event": event,
                "at": self.clock.working(step, rng),
                "owner": self.owner(step, member),
            }
        ).sort("member", "step")


def closings(paths: pl.DataFrame) -> pl.DataFrame:
    """Return `member`, `closed_at`, `outcome` of the deals that closed."""
    return paths.filter(pl.col("event").is_in([WON, LOST])).select(
        "member",
        closed_at="at",
        outcome=pl.when(pl.col("event") == WON).then(pl.lit("won")).otherwise(pl.lit("lost")),
    )


def _draw(chances: Floats, rng: np.random.Generator) -> Ints:
    """Draw one column a row; rounding in the sum never yields a column that is not there."""
    drawn = (rng.random(len(chances))[:, None] >= chances.cumsum(axis=1)).sum(axis=1)
    column: Ints = np.minimum(drawn, chances.shape[1] - 1)
    return column
