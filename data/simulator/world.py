"""The world that deals live in: its time span, sellers in their seats, accounts and products."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from data.moments import DAY
from data.simulator.calendar import Clock, Floats, Ints, quarter_push, work
from data.simulator.ladders import WON, Ladder
from data.simulator.names import account_names, person_names

TRUTH_DAYS: Final = 371
"""How far past the end of the data the calendar and the seats are known."""
CHANGE: Final = 2 / 3
"""Where in the span the market changes for good: the start of year 3 of 3."""

PRODUCTS: Final = ("标准版", "专业版", "企业版", "定制项目")
PRODUCT_SHARE: Final = (0.40, 0.30, 0.20, 0.10)
PRODUCT_AMOUNT: Final = (60_000.0, 120_000.0, 260_000.0, 500_000.0)
INDUSTRIES: Final = ("制造业", "零售", "金融", "医疗", "教育", "物流", "能源", "软件")
INDUSTRY_FIT: Final = (0.3, -0.2, 0.4, 0.2, -0.5, 0.0, -0.1, 0.3)
REGIONS: Final = ("华北", "华东", "华南", "华中", "西南", "西北")
REGION_SHARE: Final = (0.22, 0.32, 0.20, 0.11, 0.09, 0.06)
ROLES: Final = ("SR", "SE", "SSE")
TEAM_SEATS: Final = 6
TENURES: Final = 8
"""Sellers that may follow each other in a seat; more never fit into the span."""


@dataclass(frozen=True)
class Sellers:
    """Everyone who may ever hold a seat, `TENURES` a seat; one value each but for `seat_share`."""

    hired_at: Ints
    skill: Floats
    slack: Floats
    """How much more easily the seller's deals become neglected."""
    lateness: Floats
    """Share of facts recorded late."""
    style: Floats
    """Log of how many activities the seller records, whatever the deal needs."""
    optimism: Floats
    """What stated closing dates are multiplied by."""
    seat_share: Floats
    """Share of new deals that each seat receives."""


@dataclass(frozen=True)
class Accounts:
    """The customers, one value each."""

    industry: Ints
    region: Ints
    employees: Floats
    revenue: Floats
    fit: Floats
    appetite: Floats
    """Share of new deals that the account opens."""
    name: pl.Series


@dataclass(frozen=True)
class World:
    """What is drawn once, before any deal: so nothing in it is news to the truth."""

    start: int
    end: int
    sellers: Sellers
    roster: Ints
    """[days, seats]: who holds each seat on each day, as positions among the sellers."""
    accounts: Accounts

    @property
    def days(self) -> int:
        """Days from start to end."""
        return (self.end - self.start) // DAY

    @property
    def changed_at(self) -> int:
        """When the market changes for good."""
        return self.start + int(self.days * CHANGE) * DAY

    def clock(self, step_days: int) -> Clock:
        """Return the steps of a ladder."""
        return Clock(self.start, step_days)

    def steps(self, ladder: Ladder) -> int:
        """Return how many steps of a ladder lie between start and end."""
        return self.days // ladder.step_days

    def log_season(self, ladder: Ladder) -> Floats:
        """Return the log effect of calendar and drift on each event, [steps, 4].

        It reaches past the end by `TRUTH_DAYS`. Wins become a little rarer every year, and
        once by a tenth, when the market changes.
        """
        clock = self.clock(ladder.step_days)
        steps = (self.days + TRUTH_DAYS) // ladder.step_days
        days = clock.days(steps)
        push = np.outer(clock.mean(quarter_push(days)), ladder.push)
        season: Floats = push + np.log(clock.mean(work(days)))[:, None]
        begin = clock.moment(np.arange(steps))
        years = (begin - self.start) / (365.25 * DAY)
        season[:, WON] += -0.06 * years + np.log(0.9) * (begin >= self.changed_at)
        return season


def draw_world(deals: int, start: int, end: int, rng: np.random.Generator) -> World:
    """Draw the sellers and accounts for a number of opportunities between two Mondays."""
    seats = max(TEAM_SEATS, deals // 300)
    days = (end - start) // DAY + TRUTH_DAYS
    sellers = _draw_sellers(seats, start, rng)
    # Seats change hands on Mondays, so that daily and weekly steps agree on who holds them.
    hired = (sellers.hired_at.reshape(seats, TENURES) - start) // DAY
    present = (hired[None] <= np.arange(days)[:, None, None]).sum(axis=2)
    roster = np.arange(seats) * TENURES + present - 1
    return World(start, end, sellers, roster, _draw_accounts(deals * 4 // 5, rng))


def _draw_sellers(seats: int, start: int, rng: np.random.Generator) -> Sellers:
    weeks = np.ceil(rng.exponential(200, (seats, TENURES))).astype(np.int64) + 8
    began = -rng.integers(4, 400, seats)  # the first of a seat came before the span
    hired_weeks = began[:, None] + weeks.cumsum(axis=1) - weeks[:, :1]
    n, share = seats * TENURES, rng.dirichlet(np.full(seats, 6.0))
    load = np.repeat(share * seats - 1, TENURES)
    return Sellers(
        hired_at=start + hired_weeks.ravel() * 7 * DAY,
        skill=rng.normal(0, 0.45, n),
        slack=rng.normal(0, 0.4, n) + 0.4 * load,
        lateness=rng.beta(1.3, 9.0, n),
        style=rng.normal(0, 0.35, n),
        optimism=np.exp(rng.normal(-0.35, 0.3, n)),
        seat_share=share,
    )


def _draw_accounts(count: int, rng: np.random.Generator) -> Accounts:
    industry = rng.choice(len(INDUSTRIES), count)
    region = rng.choice(len(REGIONS), count, p=REGION_SHARE)
    size = rng.normal(0, 1, count)
    appetite = rng.pareto(2.5, count) + 0.2
    employees = np.ceil(120 * np.exp(1.2 * size))
    return Accounts(
        industry=industry,
        region=region,
        employees=employees,
        revenue=np.round(employees * 400_000 * np.exp(rng.normal(0, 0.5, count)), -4),
        fit=np.array(INDUSTRY_FIT)[industry] - 0.1 * size**2 + rng.normal(0, 0.5, count),
        appetite=appetite / appetite.sum(),
        name=account_names(region, industry, rng),
    )


def owners_table(world: World, rng: np.random.Generator) -> pl.DataFrame:
    """Return the sellers who were hired by the end, as the contract's `owners`."""
    sellers = world.sellers
    position = np.flatnonzero(np.isin(np.arange(len(sellers.skill)), world.roster[: world.days]))
    seat = position // TENURES
    regions = pl.Series(REGIONS)
    region = regions.gather(seat // TEAM_SEATS % len(REGIONS))
    # Roles follow skill, loosely: nobody knows another's skill exactly.
    standing = sellers.skill[position] + rng.normal(0, 0.4, len(position))
    return pl.DataFrame(
        {
            "owner_id": owner_ids(position),
            "name": person_names(len(position), rng),
            "role": pl.Series(ROLES).gather(np.digitize(standing, (-0.1, 0.5))),
            "team": region + pl.Series([f"{team + 1}组" for team in seat // TEAM_SEATS]),
            "region": region,
            "hired_at": sellers.hired_at[position],
        }
    )


def owner_ids(position: Ints) -> pl.Series:
    """Return the ids of sellers."""
    return pl.Series(position).cast(pl.String).str.zfill(4).str.replace("^", "S")


def account_ids(position: Ints) -> pl.Series:
    """Return the ids of accounts."""
    return pl.Series(position).cast(pl.String).str.zfill(6).str.replace("^", "C")


def accounts_table(world: World, known_at: pl.DataFrame) -> pl.DataFrame:
    """Return accounts as the contract's `accounts`, from `account` and `recorded_at`."""
    accounts, position = world.accounts, known_at["account"].to_numpy()
    return pl.DataFrame(
        {
            "account_id": account_ids(position),
            "recorded_at": known_at["recorded_at"],
            "name": accounts.name.gather(position),
            "industry": pl.Series(INDUSTRIES).gather(accounts.industry[position]),
            "region": pl.Series(REGIONS).gather(accounts.region[position]),
            "employees": accounts.employees[position],
            "revenue": accounts.revenue[position],
            "attributes": pl.Series([None] * len(position), dtype=pl.String),
        }
    ).sort("account_id")
