"""The CRM: one pipeline's tables as they stand at the end of the data, and its deals' truth."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from data.contract import Pipeline
from data.moments import DAY
from data.simulator import engagement
from data.simulator.afterwards import noted
from data.simulator.changes import all_changes
from data.simulator.cohort import deal_ids
from data.simulator.ladders import LEADS, Ladder
from data.simulator.process import Dynamics, closings
from data.simulator.recording import backdated_opinions, conform, delays, record
from data.simulator.truth import true_curves
from data.simulator.world import account_ids

ORIGIN_DAYS: Final = 91
ORIGINS: Final = 9
"""The truth is told at the end and at eight moments before, a quarter apart."""
CLOSED_LATE: Final = 0.06
"""What is added to a deal's lateness for its closing: bad news waits."""
DOUBLE: Final = 0.005
"""Share of deals that are entered twice."""


@dataclass(frozen=True)
class SimulatedPipeline:
    """One pipeline's data, and what only the simulator knows."""

    settings: Pipeline
    frames: dict[str, pl.DataFrame]
    """Tables of the contract by name."""
    truth: pl.DataFrame
    """`pipeline`, `deal_id`, `as_of`, `days_ahead`, `p_won`, `p_lost`, `p_won_worked`; see
    `simulator.truth`."""
    planted_leaks: tuple[str, ...]
    """Columns that give the outcome away; their policy is `final`."""
    duplicates: pl.DataFrame
    """`deal_id` of second entries and `copy_of`, the first."""


def keep_books(dynamics: Dynamics, paths: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return the deals with their true closings: what a CRM that forgot nothing would hold.

    Those that close after the end are still there; `publish` cuts them.
    """
    deals = dynamics.cohort.join(closings(paths), on="member", how="left", maintain_order="left")
    late = delays((deals["lateness"] + CLOSED_LATE).to_numpy(), rng)
    known = pl.max_horizontal(pl.col("closed_at") + late, "recorded_at")
    return deals.with_columns(
        pipeline=pl.lit(dynamics.ladder.pipeline.name),
        closed_recorded_at=pl.when(pl.col("closed_at").is_not_null()).then(known),
    )


def publish(
    dynamics: Dynamics, paths: pl.DataFrame, books: pl.DataFrame, rng: np.random.Generator
) -> SimulatedPipeline:
    """Return what was recorded by the end, and the truth of what looks open."""
    end, ladder = dynamics.world.end, dynamics.ladder
    books = books.filter(pl.col("recorded_at") <= end)
    copies = _second_entries(dynamics, books, rng)
    entered = pl.concat([books, copies.drop("copy_of")])
    people = engagement.contacts(dynamics, rng)
    activities = engagement.activities(dynamics, paths, people, rng)
    checklist = engagement.checklist(dynamics, paths, rng)
    # of its own chance, so that the rest of the company is what it was without it
    (opinion_rng,) = rng.spawn(1)
    (after_rng,) = opinion_rng.spawn(1)
    frames = {
        "deals": _deals_table(dynamics, entered, rng, after_rng),
        # a second entry gets the fields, but the work is noted on the first
        "changes": record("changes", all_changes(dynamics, paths, rng), entered, end, rng),
        "activities": _numbered(record("activities", activities, books, end, rng)),
        "checklist": record("checklist", checklist, books, end, rng),
        "contacts": record("contacts", people, books, end, rng),
    }
    if "legal_opinion" in ladder.planted_leaks:
        opinions = backdated_opinions(entered, end, opinion_rng)
        frames["changes"] = pl.concat([frames["changes"], opinions])
    origins = [end - k * ORIGIN_DAYS * DAY for k in range(ORIGINS)]
    origins = [origin for origin in origins if origin > dynamics.world.start]
    return SimulatedPipeline(
        settings=ladder.pipeline,
        frames=frames,
        truth=true_curves(dynamics, paths, entered, origins),
        planted_leaks=ladder.planted_leaks,
        duplicates=copies.select("deal_id", "copy_of"),
    )


def _second_entries(
    dynamics: Dynamics, books: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Return copies of a few deals under new ids, with `copy_of` naming the first entry."""
    count = int(np.ceil(len(books) * DOUBLE))
    chosen = np.sort(rng.choice(len(books), count, replace=False))
    fresh = deal_ids(dynamics.ladder, len(dynamics.cohort) + np.arange(count))
    return books[chosen].with_columns(copy_of="deal_id", deal_id=fresh)


def _numbered(activities: pl.DataFrame) -> pl.DataFrame:
    number = pl.int_range(pl.len()).cast(pl.String).str.zfill(8)
    return activities.with_columns(activity_id=pl.lit("A") + number)


def _deals_table(
    dynamics: Dynamics,
    entered: pl.DataFrame,
    rng: np.random.Generator,
    after_rng: np.random.Generator,
) -> pl.DataFrame:
    """Return `deals` of the contract: closings not recorded by the end are not there."""
    ladder, account = dynamics.ladder, entered["account"].to_numpy()
    known = pl.col("closed_recorded_at") <= dynamics.world.end
    deals = entered.with_columns(
        pl.when(known).then(pl.col(name)).alias(name)
        for name in ("closed_at", "closed_recorded_at", "outcome")
    ).with_columns(
        pl.col("outcome").fill_null("open"),
        account_id=account_ids(account),
        currency=pl.lit(ladder.pipeline.currency),
        converted_from="lead_id",
        title=dynamics.world.accounts.name.gather(account) + pl.col("product"),
    )
    stated = pl.struct(_attributes(deals, ladder, rng, after_rng)).struct.json_encode()
    return conform("deals", deals.with_columns(attributes=stated)).sort("deal_id")


def _attributes(
    deals: pl.DataFrame, ladder: Ladder, rng: np.random.Generator, after_rng: np.random.Generator
) -> list[pl.Expr]:
    """Return the source's own columns: noisy readings at creation, and the planted leaks."""
    n, quality = len(deals), deals["quality"].to_numpy()
    won, closed = pl.col("outcome") == "won", pl.col("outcome") != "open"
    if ladder is LEADS:
        pages = pl.Series("pages_visited", rng.poisson(np.exp(1 + 0.35 * quality)))
        return [pl.lit(pages), pl.when(won).then(pl.lit("已移交")).alias("handover_note")]
    competitors = pl.Series("competitors", rng.poisson(np.exp(0.4 - 0.35 * quality)))
    budget = np.digitize(quality + rng.normal(0, 1, n), (-0.6, 0.8))
    # What the seller heard at first of how soon they need it, and how long they take to decide.
    pace = deals["pace"].to_numpy()
    urgency = np.digitize(pace + rng.normal(0, 0.8, n), (-0.5, 0.5))
    cycle = np.round(90 * np.exp(-pace + rng.normal(0, 0.6, n)), -1).clip(10)
    discount = pl.Series(rng.integers(0, 20, n) / 100)
    # The check is made when a contract is signed, and for some deals that come close to it.
    checked = pl.Series(rng.random(n)) < pl.when(won).then(0.75).otherwise(0.30)
    return [
        pl.lit(competitors),
        pl.lit(pl.Series("budget", ("无", "未定", "已批")).gather(budget)),
        pl.lit(pl.Series("urgency", ("低", "中", "高")).gather(urgency)),
        pl.lit(pl.Series("decision_days", cycle)),
        pl.when(won).then(discount).alias("final_discount"),
        pl.when(closed & checked).then(pl.lit("通过")).alias("credit_check"),
        *noted(deals, competitors, budget, after_rng),
    ]
