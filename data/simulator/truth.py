"""The truth: each open deal's cumulative incidence, computed forward from its true state.

It conditions on all that the simulator knows at that moment (traits, stage, momentum, seats,
drift), so no model can beat it in expectation. Beside it stands what the same deal's chance to be
won is if it is worked on in the coming week: the difference is what work truly does.
"""

from typing import Final

import numpy as np
import polars as pl

from data.moments import DAY
from data.simulator.calendar import Floats, Ints
from data.simulator.ladders import ADVANCE, BACK, ENGAGED, LOST, MOMENTA, STAY, WON
from data.simulator.process import Dynamics

WORKED_DAYS: Final = 7
"""For how long a deal that is worked on stays engaged: the week that a list is made for."""


def incidence(
    dynamics: Dynamics,
    step: int,
    state: tuple[Ints, Ints, Ints],
    steps: int,
    worked: int = 0,
) -> tuple[Floats, Floats]:
    """Return the chances of being won, and of being lost, within 0, 1, … `steps` steps.

    With x the distribution over (stage, momentum) and closing as absorbing states, each step
    moves x by its events and then, for those that stay open, by their momentum.

    Args:
        dynamics: the cohort's chances.
        step: the step at whose beginning the states hold.
        state: member, stage and momentum of each of n deals, [n] each.
        steps: how many steps to look ahead.
        worked: for how many steps, the first ones, the deals are worked on: their momentum is
            engaged when the first begins, and does not cool until the last is over. What else
            may happen to them is what may happen to any engaged deal.

    Returns:
        won, lost: [steps + 1, n].

    """
    member, stage, momentum = state
    here = np.zeros((len(member), len(dynamics.ladder.base), len(MOMENTA)))
    here[np.arange(len(member)), stage, ENGAGED if worked else momentum] = 1.0
    stages = np.arange(here.shape[1])[None, :, None]
    momenta = np.arange(here.shape[2])[None, None, :]
    won, lost = np.zeros((2, steps + 1, len(member)))
    for k in range(steps):
        flow = here[..., None] * dynamics.event_chances(step + k, member, stages, momenta)
        won[k + 1] = won[k] + flow[..., WON].sum(axis=(1, 2))
        lost[k + 1] = lost[k] + flow[..., LOST].sum(axis=(1, 2))
        here = flow[..., STAY]
        here[:, 1:] += flow[:, :-1, :, ADVANCE]
        here[:, :-1] += flow[:, 1:, :, BACK]
        if k >= worked:
            here = here @ dynamics.momentum_chances(step + k, member)
    return won, lost


def true_curves(
    dynamics: Dynamics, paths: pl.DataFrame, deals: pl.DataFrame, origins: list[int]
) -> pl.DataFrame:
    """Return the truth of the deals that look open at each origin.

    A deal that has closed, but whose closing is not recorded by then, looks open: its truth
    is 0 or 1, and work changes nothing.

    Args:
        dynamics: the cohort's chances.
        paths: what was drawn from them.
        deals: records with `member`, `deal_id`, `recorded_at`, `closed_at`,
            `closed_recorded_at`, `outcome`.
        origins: moments at which steps begin, or the end of the data.

    Returns:
        `pipeline`, `deal_id`, `as_of`, `days_ahead`, `p_won`, `p_lost`, `p_won_worked`.

    """
    parts = [_at_origin(dynamics, paths, deals, origin) for origin in origins]
    name = dynamics.ladder.pipeline.name
    told = ("deal_id", "as_of", "days_ahead", "p_won", "p_lost", "p_won_worked")
    return (
        pl.concat(parts)
        .select(pl.lit(name).alias("pipeline"), *told)
        .sort("as_of", "deal_id", "days_ahead")
    )


def _at_origin(
    dynamics: Dynamics, paths: pl.DataFrame, deals: pl.DataFrame, origin: int
) -> pl.DataFrame:
    ladder = dynamics.ladder
    step = (origin - dynamics.clock.start) // (ladder.step_days * DAY)
    days = np.array(ladder.truth_days)
    state = _state(paths, step)
    steps = days.max() // ladder.step_days
    won, lost = incidence(dynamics, step, state, steps)
    won_worked, _ = incidence(dynamics, step, state, steps, WORKED_DAYS // ladder.step_days)
    at = days // ladder.step_days
    curves = pl.DataFrame(
        {
            "member": np.tile(state[0], len(days)),
            "days_ahead": np.repeat(days, len(state[0])),
            "curve_won": won[at].ravel(),
            "curve_lost": lost[at].ravel(),
            "curve_won_worked": won_worked[at].ravel(),
        }
    )
    closed, won_it = pl.col("closed_at") < origin, pl.col("outcome") == "won"
    known_open = (pl.col("recorded_at") <= origin) & (
        pl.col("closed_recorded_at").is_null() | (pl.col("closed_recorded_at") > origin)
    )
    return (
        deals.filter(known_open)
        .join(pl.DataFrame({"days_ahead": days}), how="cross")
        .join(curves, on=["member", "days_ahead"], how="left")
        .with_columns(
            as_of=pl.lit(origin),
            p_won=pl.when(closed).then(won_it.cast(pl.Float64)).otherwise("curve_won"),
            p_lost=pl.when(closed).then((~won_it).cast(pl.Float64)).otherwise("curve_lost"),
            p_won_worked=pl.when(closed)
            .then(won_it.cast(pl.Float64))
            .otherwise("curve_won_worked"),
        )
    )


def _state(paths: pl.DataFrame, step: int) -> tuple[Ints, Ints, Ints]:
    """Return member, stage and momentum of the deals open at the beginning of a step."""
    rows = paths.filter(pl.col("step") == step)
    return rows["member"].to_numpy(), rows["stage"].to_numpy(), rows["momentum"].to_numpy()
