"""A realistic CRM whose deals' true curves are known: see docs/simulator.md.

`simulate` draws a world (sellers, accounts, calendar), lets leads and opportunities move
through it, and records what a CRM would: late, twice, hopefully, and with leaks planted.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from data.errors import BadInput
from data.moments import DAY, iso, to_datetime
from data.simulator.cohort import draw_leads, draw_opportunities
from data.simulator.crm import SimulatedPipeline, keep_books, publish
from data.simulator.ladders import LEADS, OPPORTUNITIES
from data.simulator.process import Dynamics
from data.simulator.targets import targets_table
from data.simulator.world import World, accounts_table, draw_world, owners_table

__all__ = ["SimulatedPipeline", "Simulation", "simulate"]

FEWEST_DEALS: Final = 100
FEWEST_YEARS: Final = 0.5
MOST_YEARS: Final = 20.0


@dataclass(frozen=True)
class Simulation:
    """A company's CRM at one moment."""

    end: int
    """The moment at which the data end, in UTC microseconds."""
    leads: SimulatedPipeline
    opportunities: SimulatedPipeline

    @property
    def pipelines(self) -> tuple[SimulatedPipeline, SimulatedPipeline]:
        """Both pipelines, the earlier first."""
        return self.leads, self.opportunities


def simulate(deals: int = 20_000, years: float = 3.0, *, end: int, seed: int = 0) -> Simulation:
    """Simulate a company's leads and opportunities up to a moment, the same for the same seed.

    Args:
        deals: how many opportunities are created; there are two and a half leads for each.
        years: how long the data reach back, rounded to weeks.
        end: the moment at which the data end, a Monday 00:00 UTC in microseconds.
        seed: what all chance comes from.

    Raises:
        BadInput: too few deals, too short or long a span, or an end within a week.

    """
    _check(deals, years, end, seed)
    rng = np.random.default_rng(seed)
    world = draw_world(deals, end - round(years * 365.25 / 7) * 7 * DAY, end, rng)

    leads = Dynamics(LEADS, world, draw_leads(world, deals, rng))
    lead_paths, lead_books = _live(leads, rng)
    converted = lead_books.filter(pl.col("outcome") == "won", pl.col("closed_at") < end)
    cohort = draw_opportunities(
        world, deals, leads.cohort, converted.select("member", "closed_at"), rng
    )
    opportunities = Dynamics(OPPORTUNITIES, world, cohort)
    paths, books = _live(opportunities, rng)

    shared = _shared_tables(world, [lead_books, books], rng)
    simulation = Simulation(
        end,
        publish(leads, lead_paths, lead_books, rng),
        publish(opportunities, paths, books, rng),
    )
    for pipeline in simulation.pipelines:
        pipeline.frames.update(shared)
    simulation.opportunities.frames["targets"] = targets_table(world, deals)
    return simulation


def _live(dynamics: Dynamics, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a cohort's paths and books."""
    paths = dynamics.run(rng)
    return paths, keep_books(dynamics, paths, rng)


def _shared_tables(
    world: World, books: list[pl.DataFrame], rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Return accounts, known since their first deal on either pipeline, and owners."""
    known = pl.concat(b.select("account", "recorded_at") for b in books)
    first = (
        known.filter(pl.col("recorded_at") <= world.end)
        .group_by("account")
        .agg(pl.col("recorded_at").min())
    )
    return {"accounts": accounts_table(world, first), "owners": owners_table(world, rng)}


def _check(deals: int, years: float, end: int, seed: int) -> None:
    if deals < FEWEST_DEALS:
        raise BadInput(
            "too few deals to simulate",
            field="deals",
            value=deals,
            allowed=f"{FEWEST_DEALS} or more",
            remedy="ask for more",
        )
    if not FEWEST_YEARS <= years <= MOST_YEARS:
        raise BadInput(
            "a span that cannot be simulated",
            field="years",
            value=years,
            allowed=f"{FEWEST_YEARS} to {MOST_YEARS}",
            remedy="3 shows seasons, drift and the change of the market",
        )
    if seed < 0:
        raise BadInput(
            "not a seed", field="seed", value=seed, allowed="0 or more", remedy="such as 0"
        )
    past = (end - 4 * DAY) % (7 * DAY)  # 1970-01-05 was a Monday
    if past:
        raise BadInput(
            "the data can only end between two weeks",
            field="end",
            value=iso(end),
            allowed="a Monday at 00:00 UTC",
            remedy=f"such as {to_datetime(end - past).date()}",
        )
