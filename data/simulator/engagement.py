"""Engagement: the activities, contacts and checklist items of deals.

Each function returns rows `member`, `at` and the columns of its table. Rates follow the hidden
momentum and the stage: replies dry up when a deal stalls, and meetings cluster near the end.
"""

from typing import Final

import numpy as np
import polars as pl

from data.contract import BUYER_ROLES
from data.moments import DAY, HOUR
from data.simulator.calendar import work
from data.simulator.changes import stage_moves
from data.simulator.names import person_names
from data.simulator.process import Dynamics
from data.simulator.world import owner_ids

KINDS: Final = ("call", "call", "mail", "mail", "meeting", "chat", "chat")
DIRECTIONS: Final = ("out", "in", "out", "in", "out", "out", "in")
WEEKLY: Final = (
    # how many of each kind in a full week, by momentum
    (0.50, 0.22, 0.55, 0.40, 0.40, 0.40, 0.35),
    (0.45, 0.04, 0.50, 0.08, 0.12, 0.35, 0.07),
    (0.04, 0.04, 0.05, 0.05, 0.01, 0.05, 0.04),
)
MEETING: Final = 4
MEETINGS_BY_STAGE: Final = (0.5, 0.9, 1.5, 2.0, 1.6)
MINUTES: Final = {"call": 12.0, "meeting": 60.0}

ROLE_MET: Final = (0.60, 0.35, 0.55, 0.70, 0.30)
"""Chance that each buyer role is ever met on a long deal, for a mean advantage."""
ITEM_DAYS: Final = 14.0
"""Mean days until a checklist item is confirmed or fails."""


def activities(
    dynamics: Dynamics, paths: pl.DataFrame, people: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Return what sellers and buyers did, from the deals' paths and their contacts."""
    step, stage, owner = (paths[name].to_numpy() for name in ("step", "stage", "owner"))
    rate = np.array(WEEKLY)[paths["momentum"].to_numpy()] * dynamics.ladder.chatter
    rate[:, MEETING] *= np.array(MEETINGS_BY_STAGE)[stage]
    talkative = rng.normal(0, 0.35, len(dynamics.cohort))[paths["member"].to_numpy()]
    days = dynamics.clock.days(int(step.max(initial=0)) + 1)
    pace = dynamics.clock.mean(work(days))[step]
    rate *= (pace * np.exp(dynamics.world.sellers.style[owner] + talkative))[:, None]
    row, kind = np.nonzero(counts := rng.poisson(rate))
    times = counts[row, kind]
    row, kind = np.repeat(row, times), np.repeat(kind, times)
    held = pl.DataFrame(
        {
            "member": paths["member"].gather(row),
            "at": dynamics.clock.working(step[row], rng),
            "kind": pl.Series(KINDS).gather(kind),
            "direction": pl.Series(DIRECTIONS).gather(kind),
            "status": _states(len(row), rng),
            "owner_id": owner_ids(owner[row]),
        }
    )
    return _with_people(held, people, rng).with_columns(minutes=_minutes(held, rng))


def contacts(dynamics: Dynamics, rng: np.random.Generator) -> pl.DataFrame:
    """Return the people known: one from the start, the others as the deal goes well."""
    cohort, roles = dynamics.cohort, len(BUYER_ROLES)
    member = np.repeat(cohort["member"].to_numpy(), roles)
    role = np.tile(np.arange(roles), len(cohort))
    first = np.repeat(rng.choice(roles, len(cohort), p=(0.1, 0.1, 0.25, 0.4, 0.15)), roles)
    pull = np.exp(0.6 * cohort["advantage"].to_numpy())[member]
    wait = 30 * dynamics.ladder.step_days / 7 * rng.exponential(1, len(member)) / pull
    met = rng.random(len(member)) < 1 - (1 - np.array(ROLE_MET)[role]) ** pull
    created_at = cohort["created_at"].to_numpy()[member]
    frame = pl.DataFrame(
        {
            "member": member,
            "at": np.where(role == first, created_at, created_at + (wait * DAY).astype(np.int64)),
            "role": pl.Series(BUYER_ROLES).gather(role),
            "name": person_names(len(member), rng),
            "contact_id": cohort["deal_id"].gather(member) + pl.Series([f"P{r}" for r in role]),
        }
    )
    return frame.filter(pl.Series(met | (role == first))).sort("member", "at", "contact_id")


def checklist(dynamics: Dynamics, paths: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return the milestones of each stage: waiting when it is reached, then confirmed or failed."""
    ladder = dynamics.ladder
    items = pl.DataFrame(
        [(stage, item) for stage, names in enumerate(ladder.milestones) for item in names],
        schema=["stage", "item"],
        orient="row",
    )
    reached = stage_moves(dynamics, paths).group_by("member", "stage").agg(pl.col("at").min())
    waiting = reached.join(items, on="stage").sort("member", "stage", "item")
    advantage = dynamics.cohort["advantage"].to_numpy()[waiting["member"].to_numpy()]
    confirmed = rng.random(len(waiting)) < 1 / (1 + np.exp(-1.0 - 0.9 * advantage))
    days = rng.exponential(ITEM_DAYS * ladder.step_days / 7, len(waiting))
    resolved = waiting.with_columns(
        pl.col("at") + pl.Series((days * DAY).astype(np.int64) + HOUR),
        status=pl.Series(np.where(confirmed, "C", "F")),
    )
    rows = pl.concat([waiting.with_columns(status=pl.lit("W")), resolved])
    return rows.with_columns(stage=pl.Series(ladder.pipeline.stages).gather(rows["stage"]))


def _states(count: int, rng: np.random.Generator) -> pl.Series:
    """Draw how far activities are: most are done, some only planned or called off."""
    return pl.Series(("done", "planned", "cancelled")).gather(
        rng.choice(3, count, p=(0.88, 0.05, 0.07))
    )


def _minutes(held: pl.DataFrame, rng: np.random.Generator) -> pl.Expr:
    """Return how long calls and meetings that were held took."""
    typical = pl.col("kind").replace_strict(MINUTES, default=None, return_dtype=pl.Float64)
    drawn = (typical * pl.Series(np.exp(rng.normal(0, 0.5, len(held))))).round()
    return pl.when(pl.col("status") == "done").then(drawn)


def _with_people(
    held: pl.DataFrame, people: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Choose one of the deal's contacts; one not met by then gives way to the first."""
    known = people.group_by("member", maintain_order=True).agg(
        "contact_id", met_at="at", known=pl.len()
    )
    pick = (pl.Series(rng.random(len(held))) * pl.col("known")).cast(pl.Int64)
    chosen = held.join(known, on="member", maintain_order="left").with_columns(pick=pick)
    met = pl.col("met_at").list.get(pl.col("pick")) <= pl.col("at")
    return chosen.with_columns(
        contact_id=pl.col("contact_id").list.get(pl.when(met).then("pick").otherwise(0))
    ).drop("known", "met_at", "pick")
