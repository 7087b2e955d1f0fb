"""A cohort: the deals that enter one pipeline, with the traits that drive them.

A cohort is a frame, a row a deal, in which `member` is the deal's position:

| column | meaning |
|---|---|
| member, deal_id, lead_id | position; id; the lead it came from, or null |
| created_at, recorded_at | when it came into being, and when that became known |
| entry, stage, momentum | the first step in which it moves, and its state then |
| account, seat, owner | positions in the world; the owner is the one at its creation |
| source, product, amount | as the CRM says at creation; amount in CNY |
| quality, pace, advantage | hidden: how real; log speed; pull to a win, seller aside |
| lateness | hidden: share of its facts that are recorded late |
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from data.moments import DAY, HOUR, SECOND
from data.simulator.calendar import Floats, Ints, work
from data.simulator.ladders import ENGAGED, LEADS, OPPORTUNITIES, STALLED, Ladder
from data.simulator.recording import delays
from data.simulator.world import PRODUCT_AMOUNT, PRODUCT_SHARE, PRODUCTS, World

LEADS_A_DEAL: Final = 2.5
"""Leads for each opportunity; about a fifth convert."""

Mix = dict[str, tuple[float, float, float]]

LEAD_SOURCES: Final[Mix] = {
    # share of new deals before and after the market changes, and mean quality
    "campaign": (0.25, 0.20, -0.1),
    "search": (0.25, 0.20, 0.1),
    "social": (0.12, 0.32, -0.7),
    "event": (0.15, 0.11, 0.2),
    "call": (0.13, 0.09, -0.4),
    "referral": (0.10, 0.08, 0.8),
}
DIRECT_SOURCES: Final[Mix] = {
    "existing": (0.55, 0.50, 0.4),
    "partner": (0.25, 0.35, 0.1),
    "call": (0.20, 0.15, -0.4),
}
QUALITY: Final[dict[str, float]] = {
    source: mix[2] for source, mix in (DIRECT_SOURCES | LEAD_SOURCES).items()
}


def draw_leads(world: World, deals: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw the leads that belong to a number of opportunities."""
    count = int(deals * LEADS_A_DEAL)
    created_at = _arrivals(world, count, rng)
    source = _sources(LEAD_SOURCES, created_at >= world.changed_at, rng)
    n_accounts = len(world.accounts.fit)
    frame = pl.DataFrame(
        {
            "created_at": created_at,
            "account": rng.integers(0, n_accounts, count),
            "seat": rng.choice(len(world.sellers.seat_share), count, p=world.sellers.seat_share),
            "source": source,
            "product": rng.choice(len(PRODUCTS), count, p=PRODUCT_SHARE),
            "quality": _quality(source, rng),
            "lead_id": pl.Series([None] * count, dtype=pl.String),
        }
    )
    known = created_at + delays(np.full(count, 0.03), rng)
    return _complete(frame.with_columns(recorded_at=known), world, LEADS, rng)


def draw_opportunities(
    world: World, deals: int, leads: pl.DataFrame, converted: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Draw the opportunities: one for each lead converted, the others without a lead.

    Args:
        world: the world.
        deals: how many in all.
        leads: the cohort of leads.
        converted: `member` and `closed_at` of the leads converted by the end.
        rng: where chance comes from.

    """
    won = leads.join(converted, on="member", maintain_order="left").head(deals)
    count = deals - len(won)
    created_at = _arrivals(world, count, rng)
    source = _sources(DIRECT_SOURCES, created_at >= world.changed_at, rng)
    appetite, seat_share = world.accounts.appetite, world.sellers.seat_share
    direct = pl.DataFrame(
        {
            "created_at": created_at,
            "account": rng.choice(len(appetite), count, p=appetite),
            "seat": rng.choice(len(seat_share), count, p=seat_share),
            "source": source,
            "product": rng.choice(len(PRODUCTS), count, p=PRODUCT_SHARE),
            "quality": _quality(source, rng),
            "lead_id": pl.Series([None] * count, dtype=pl.String),
            "recorded_at": created_at,
        }
    )
    from_leads = won.select(
        # the conversion makes the record, a second later
        created_at=pl.col("closed_at") + SECOND,
        account="account",
        seat="seat",
        source="source",
        product=pl.col("product").replace_strict(PRODUCTS, range(len(PRODUCTS))),
        quality=0.5 * pl.col("quality") + rng.normal(0, 0.7, len(won)),
        lead_id="deal_id",
        recorded_at=pl.max_horizontal(pl.col("closed_at") + SECOND, "recorded_at"),
    )
    frame = pl.concat([direct, from_leads])
    late = delays(np.full(deals, 0.06), rng)
    return _complete(frame.with_columns(pl.col("recorded_at") + late), world, OPPORTUNITIES, rng)


def _complete(
    frame: pl.DataFrame, world: World, ladder: Ladder, rng: np.random.Generator
) -> pl.DataFrame:
    """Order by creation and add what follows from the rest."""
    frame = frame.sort("created_at", "account", maintain_order=True)
    count, accounts = len(frame), world.accounts
    account, product, seat = (frame[name].to_numpy() for name in ("account", "product", "seat"))
    created_at, quality = frame["created_at"].to_numpy(), frame["quality"].to_numpy()
    size = np.log(accounts.employees[account] / 120) / 1.2
    spread = rng.normal(0, 0.6, count) + 0.25 * size
    owner = world.roster[(created_at - world.start) // DAY, seat]
    # Half of what comes from existing customers or partners skips the first talk.
    ahead = frame["source"].is_in(["existing", "partner"]).to_numpy() & (rng.random(count) < 0.5)
    return frame.with_columns(
        member=np.arange(count),
        deal_id=deal_ids(ladder, np.arange(count)),
        product=pl.Series(PRODUCTS).gather(product),
        amount=np.round(np.array(PRODUCT_AMOUNT)[product] * np.exp(spread), -3),
        owner=owner,
        entry=world.clock(ladder.step_days).next_step(created_at),
        stage=ahead.astype(np.int64),
        momentum=np.where(rng.random(count) < 0.75, ENGAGED, STALLED),
        pace=rng.normal(0, 0.65, count),
        advantage=0.75 * quality + 0.5 * accounts.fit[account] - 0.2 * spread,
        lateness=world.sellers.lateness[owner],
    )


def deal_ids(ladder: Ladder, number: Ints) -> pl.Series:
    """Return the ids of deals."""
    return pl.Series(number).cast(pl.String).str.zfill(7).str.replace("^", ladder.prefix)


def _arrivals(world: World, count: int, rng: np.random.Generator) -> Ints:
    """Draw moments of creation in working hours: a tenth more every year, fewer on holidays."""
    days = world.clock(1).days(world.days)
    weight = work(days) * 1.1 ** (np.arange(world.days) / 365.25)
    day = rng.choice(world.days, count, p=weight / weight.sum())
    return world.start + day * DAY + rng.integers(HOUR, 10 * HOUR, count)


def _sources(mix: Mix, changed: npt.NDArray[np.bool_], rng: np.random.Generator) -> pl.Series:
    shares = np.array([share[:2] for share in mix.values()]).T[changed.astype(np.int64)]
    drawn = (rng.random(len(changed))[:, None] >= shares.cumsum(axis=1)).sum(axis=1)
    return pl.Series(list(mix)).gather(np.minimum(drawn, len(mix) - 1))


def _quality(source: pl.Series, rng: np.random.Generator) -> Floats:
    mean = source.replace_strict(QUALITY, return_dtype=pl.Float64).to_numpy()
    drawn: Floats = mean + rng.normal(0, 0.8, len(source))
    return drawn
