"""The ideal funnel of the handbook, by task and by cycle, and what is missing to it.

By task (任务计算法), with target T, mean won amount A and conversion r_i from stage i to the next:
N_i = (T / A) / (r_i · r_{i+1} · … · r_n) deals must reach stage i over the period.
By cycle (周期计算法), with mean time d_i in stage i and the period's length P, the stage must hold
N_i · d_i / P deals at any time (Little 1961).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from data.moments import DAY
from serving.insights.funnel import Funnel, Stage, onward


@dataclass(frozen=True)
class Need:
    """What a stage needs to reach the target, against what it has.

    Attributes:
        stage: its name.
        reach: deals that must reach it over the period, N_i; None where a conversion is not known.
        reaches: deals that do over as long, at the pace of the funnel's period.
        hold: deals it must hold at any time, N_i · d_i / P.
        holds: deals that it holds.
        chance: the chance to be won from here.
        amount: the mean won amount, which gaps are told in.
        days: the mean stay.
        usual_days: the stay to come back to: the goal, or else the past.
    """

    stage: str
    reach: float | None
    reaches: float
    hold: float | None
    holds: int
    chance: float | None
    amount: float | None
    days: float | None
    usual_days: float | None

    @property
    def capacity_gap(self) -> float | None:
        """Deals that are missing in the stage."""
        return None if self.hold is None else max(0.0, self.hold - self.holds)

    @property
    def velocity_gap(self) -> float | None:
        """Deals a period that do not come through."""
        return None if self.reach is None else max(0.0, self.reach - self.reaches)

    def money(self, deals: float | None) -> float | None:
        """Return what so many deals of this stage are expected to bring."""
        if deals is None or self.chance is None or self.amount is None:
            return None
        return deals * self.chance * self.amount

    @property
    def action(self) -> dict[str, str] | None:
        """Say what would close the gap, in zh and en; None where there is none."""
        short, slow = self.capacity_gap or 0.0, self.velocity_gap or 0.0
        if short < 0.5 and slow < 0.5:
            return None
        more = {
            "zh": f"{self.stage}再增加{short:.0f}个商机",
            "en": f"bring {short:.0f} more deals into {self.stage}",
        }
        if self.days and self.usual_days and self.days > 1.05 * self.usual_days:
            faster = {
                "zh": f"把平均停留从{self.days:.0f}天缩短到{self.usual_days:.0f}天",
                "en": f"shorten the stay in {self.stage} from {self.days:.0f} to "
                f"{self.usual_days:.0f} days",
            }
            return {
                "zh": f"{self.stage}：{faster['zh']}"
                if short < 0.5
                else f"{more['zh']}，{faster['zh']}",
                "en": faster["en"] if short < 0.5 else f"{more['en']}, {faster['en']}",
            }
        if short >= 0.5:
            return more
        return {
            "zh": f"每期再推进{slow:.0f}个商机到{self.stage}",
            "en": f"move {slow:.0f} more deals a period on to {self.stage}",
        }


def by_task(target: float, amount: float, conversions: Sequence[float]) -> list[float]:
    """Return N_i: deals that must reach each stage to win a target.

    Args:
        target: T, what is to be won.
        amount: A, the mean won amount, above 0.
        conversions: r_i, each above 0, the last one's to won.
    """
    chances = onward(list(conversions))
    return [target / amount / chance for chance in chances if chance]


def by_cycle(reach: Sequence[float], days: Sequence[float], period_days: float) -> list[float]:
    """Return N_i · d_i / P: deals that each stage must hold at any time."""
    return [n * d / period_days for n, d in zip(reach, days, strict=True)]


def needs(funnel: Funnel, target: float, period_days: float) -> list[Need]:
    """Set a funnel against what a target needs over a period of so many days, by stage."""
    chances = onward([stage.passage.conversion for stage in funnel.stages])
    wins = None if not funnel.mean_won else max(target, 0.0) / funnel.mean_won
    return [
        _need(funnel, stage, chance, wins, period_days)
        for stage, chance in zip(funnel.stages, chances, strict=True)
    ]


def _need(
    funnel: Funnel, stage: Stage, chance: float | None, wins: float | None, period_days: float
) -> Need:
    reach = wins / chance if wins is not None and chance else None
    days = stage.stay.mean
    return Need(
        stage=stage.stage,
        reach=reach,
        reaches=stage.passage.counted * period_days / funnel.span.days,
        hold=None if reach is None or days is None else reach * days / period_days,
        holds=stage.deals,
        chance=chance,
        amount=funnel.mean_won,
        days=days,
        usual_days=stage.goal.days or stage.stay_before.mean,
    )


def table(needed: Sequence[Need]) -> pl.DataFrame:
    """Return a row per stage, as pages and interface show it."""
    rows = [
        {
            "stage": one.stage,
            "must_reach": one.reach,
            "reach": one.reaches,
            "must_hold": one.hold,
            "hold": one.holds,
            "capacity_gap": one.capacity_gap,
            "capacity_gap_amount": one.money(one.capacity_gap),
            "velocity_gap": one.velocity_gap,
            "velocity_gap_amount": one.money(one.velocity_gap),
            "action": one.action,
        }
        for one in needed
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def stagnant(open_deals: pl.DataFrame, funnel: Funnel, as_of: int) -> pl.DataFrame:
    """Return the open deals that stand in their stage longer than nine in ten stay there.

    Args:
        open_deals: columns stage and entered_at, and whatever is to be shown.
        funnel: what was measured.
        as_of: the moment.
    """
    usual = {stage.stage: stage.stay.p90 for stage in funnel.stages if stage.stay.p90 is not None}
    days = ((as_of - pl.col("entered_at")) / DAY).alias("days_here")
    longest = pl.col("stage").replace_strict(usual, default=None, return_dtype=pl.Float64)
    return (
        open_deals.with_columns(days, usual_days=longest)
        .filter(pl.col("days_here") > pl.col("usual_days"))
        .sort("days_here", descending=True)
    )
