"""The funnel: stages as number and amount, conversion to the next, time in stage, velocity.

Conversion is by cohort: of the deals that reached a stage in the period, how many have reached the
next one, were lost, or still wait; and what share is expected to in the end, see `waiting`. Reached
means: stood in it or in a later one, or was won. Times are of the stays that began in the period.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from data.moments import DAY
from data.practice import Goal
from serving.insights.waiting import Waited, waited

MONEY: Final = "value"
"""The column of amounts in the currency that is told."""


@dataclass(frozen=True)
class Span:
    """The moments from one up to another."""

    since: int
    until: int

    @property
    def days(self) -> float:
        """How long it is."""
        return (self.until - self.since) / DAY

    def before(self) -> "Span":
        """Return the one as long before it."""
        return Span(2 * self.since - self.until, self.since)

    def holds(self, column: str) -> pl.Expr:
        """Say whether a moment lies in it."""
        return pl.col(column).is_between(self.since, self.until, closed="left")


@dataclass(frozen=True)
class Stage:
    """One stage of the funnel.

    Attributes:
        stage: its name.
        deals: how many stand in it now.
        amount: what stands on them.
        passage: what came of the deals that reached it in the period.
        stay: how long stays in it last that began in the period.
        before: the passage of the period before.
        stay_before: the stays of the period before.
        goal: what it is to achieve.
    """

    stage: str
    deals: int
    amount: float
    passage: Waited
    stay: Waited
    before: Waited
    stay_before: Waited
    goal: Goal


@dataclass(frozen=True)
class Funnel:
    """A funnel over a period.

    Attributes:
        span: the period that conversions and times are of.
        stages: first stage first.
        won: deals won in the period.
        mean_won: what they brought on average; None without any.
        win_rate: the chance of a deal that enters to be won, None where a stage has none.
        cycle_days: mean days from creation to winning of the deals won in the period.
    """

    span: Span
    stages: list[Stage]
    won: int
    mean_won: float | None
    win_rate: float | None
    cycle_days: float | None

    @property
    def open_deals(self) -> int:
        """Deals in the funnel now."""
        return sum(stage.deals for stage in self.stages)

    @property
    def velocity(self) -> float | None:
        """Money a day: open deals · win rate · mean won amount / cycle; None if one is unknown."""
        if self.win_rate is None or self.mean_won is None or not self.cycle_days:
            return None
        return self.open_deals * self.win_rate * self.mean_won / self.cycle_days

    def table(self) -> pl.DataFrame:
        """Return a row per stage, as pages and interface show it."""
        return pl.DataFrame([_row(stage) for stage in self.stages], schema=_TABLE)


def funnel(
    deals: pl.DataFrame,
    spells: pl.DataFrame,
    ladder: Sequence[str],
    goals: Mapping[str, Goal],
    span: Span,
    as_of: int,
) -> Funnel:
    """Measure a funnel.

    Args:
        deals: what `known_deals` says with `reached`, and `value`.
        spells: what `stage_spells` says of the same deals.
        ladder: the stages, first stage first.
        goals: by stage.
        span: the period.
        as_of: the moment they are known at.
    """
    standing = deals.filter(outcome="open").group_by("stage")
    here = {
        stage: (count, amount)
        for stage, count, amount in standing.agg(pl.len(), pl.col(MONEY).sum()).iter_rows()
    }
    spans = (span, span.before())
    passed = [[_passage(deals, place, one, as_of) for one in spans] for place in range(len(ladder))]
    narrow = spells.select("stage", "entered_at", "left_at", lost=pl.col("next") == "lost")
    by_stage = {stage: narrow.filter(pl.col("stage") == stage) for stage in ladder}
    stays = [[_stays(by_stage[stage], one, as_of) for one in spans] for stage in ladder]
    stages = [
        Stage(
            *(stage, *here.get(stage, (0, 0.0)), passage, stay, before, stay_before),
            goals.get(stage, Goal()),
        )
        for stage, (passage, before), (stay, stay_before) in zip(ladder, passed, stays, strict=True)
    ]
    won = deals.filter(pl.col("outcome") == "won", span.holds("closed_at"))
    life = won.select((pl.col("closed_at") - pl.col("created_at")).mean() / DAY).item()
    mean_won = won[MONEY].drop_nulls().mean()
    return Funnel(
        *(span, stages, len(won)),
        mean_won=None if mean_won is None else float(mean_won),  # type: ignore[arg-type]
        win_rate=onward([one.passage.conversion for one in stages])[0] if stages else None,
        cycle_days=life,
    )


def onward(conversions: Sequence[float | None]) -> list[float | None]:
    """Return each stage's chance to be won: r_i · r_{i+1} · … · r_n; None from where one is not."""
    chances: list[float | None] = []
    chance: float | None = 1.0
    for one in reversed(conversions):
        chance = None if chance is None or one is None else chance * one
        chances.append(chance)
    return chances[::-1]


def _passage(deals: pl.DataFrame, place: int, span: Span, as_of: int) -> Waited:
    """Follow the deals that reached a stage in a period to the next one."""
    here, there = f"reached_{place}", f"reached_{place + 1}"
    deals = deals.select(here, there, "outcome", "closed_at").filter(span.holds(here))
    moved = pl.col(there).is_not_null()
    lost = (pl.col("outcome") == "lost") & ~moved
    end = pl.when(moved).then(there).when(lost).then("closed_at").otherwise(as_of)
    return waited(
        deals.select(
            span=end - pl.col(here),
            ended=pl.when(moved).then(pl.lit("moved")).when(lost).then(pl.lit("lost")),
        )
    )


def _stays(spells: pl.DataFrame, span: Span, as_of: int) -> Waited:
    """Follow the stays in a stage that began in a period until the stage was left."""
    left = pl.when("lost").then(pl.lit("lost")).otherwise(pl.lit("moved"))
    return waited(
        spells.filter(span.holds("entered_at")).select(
            span=pl.col("left_at").fill_null(as_of) - pl.col("entered_at"),
            ended=pl.when(pl.col("left_at").is_not_null()).then(left),
        )
    )


_TABLE: Final = {
    "stage": pl.String,
    "deals": pl.Int64,
    "amount": pl.Float64,
    **dict.fromkeys(("reached", "moved", "lost", "waiting"), pl.Int64),
    **dict.fromkeys(
        (
            *("moved_so_far", "conversion", "conversion_before", "conversion_goal"),
            *("days_median", "days_p90", "days_mean", "days_mean_before", "days_goal"),
        ),
        pl.Float64,
    ),
}


def _row(one: Stage) -> dict[str, object]:
    return {
        "stage": one.stage,
        "deals": one.deals,
        "amount": one.amount,
        "reached": one.passage.counted,
        "moved": one.passage.moved,
        "lost": one.passage.lost,
        "waiting": one.passage.waiting,
        "moved_so_far": one.passage.so_far,
        "conversion": one.passage.conversion,
        "conversion_before": one.before.conversion,
        "conversion_goal": one.goal.conversion,
        "days_median": one.stay.median,
        "days_p90": one.stay.p90,
        "days_mean": one.stay.mean,
        "days_mean_before": one.stay_before.mean,
        "days_goal": one.goal.days,
    }
