"""The bottleneck: the stage that falls furthest behind its own goal or its own past."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from data.moments import DAY
from serving.insights.funnel import Funnel, Stage

LEAST: Final = 10
"""Deals that must have reached a stage, in both periods, before it is called slow or leaky."""
_NOTABLE: Final = 0.05
"""A shortfall below this share is not worth a name."""


@dataclass(frozen=True)
class Bottleneck:
    """Where the funnel sticks.

    Attributes:
        stage: its name.
        kind: whether too few go on, or they take too long.
        value: its conversion, or its mean days.
        against: the goal or the past that it is set against; None where there is neither.
        by: which of the two.
        shortfall: how far behind: 1 - value / against of conversion, 1 - against / value of time.
        deals: open deals that stand there, the longest first: deal_id, title, owner, value,
            days_here, overdue (longer there than nine in ten stay).
    """

    stage: str
    kind: Literal["conversion", "time"]
    value: float
    against: float | None
    by: Literal["goal", "past", "others"]
    shortfall: float
    deals: pl.DataFrame

    @property
    def told(self) -> dict[str, str]:
        """Name it in a sentence, in zh and en."""
        overdue = int(self.deals["overdue"].sum())
        behind = {
            "zh": f"现有{len(self.deals):,}个商机在此，其中{overdue:,}个停留超过九成商机",
            "en": f"{len(self.deals):,} deals stand there, {overdue:,} of them longer than nine "
            "in ten stay",
        }
        return {tongue: f"{text}{behind[tongue]}" for tongue, text in self._what().items()}

    def _what(self) -> dict[str, str]:
        if self.against is None:
            return {
                "zh": "各阶段均未落后于目标或上期；转化率最低的是"
                f"{self.stage}（{self.value:.0%}）；",
                "en": "No stage is behind its goal or its past; the lowest conversion is that of "
                f"{self.stage} ({self.value:.0%}); ",
            }
        against = {"zh": "目标" if self.by == "goal" else "上期", "en": f"its {self.by}"}
        if self.kind == "conversion":
            return {
                "zh": f"瓶颈是{self.stage}：转化率{self.value:.0%}，{against['zh']}为"
                f"{self.against:.0%}；",
                "en": f"The bottleneck is {self.stage}: {self.value:.0%} go on, against "
                f"{self.against:.0%} by {against['en']}; ",
            }
        return {
            "zh": f"瓶颈是{self.stage}：平均停留{self.value:.0f}天，{against['zh']}为"
            f"{self.against:.0f}天；",
            "en": f"The bottleneck is {self.stage}: a stay lasts {self.value:.0f} days on average, "
            f"against {self.against:.0f} by {against['en']}; ",
        }


def bottleneck(funnel: Funnel, open_deals: pl.DataFrame, as_of: int) -> Bottleneck | None:
    """Find the bottleneck; None where too little has happened in every stage.

    Args:
        funnel: what was measured.
        open_deals: columns deal_id, title, owner, stage, value, entered_at (of the stage).
        as_of: the moment.
    """
    known = [one for one in funnel.stages if one.passage.counted >= LEAST]
    found = [candidate for stage in known for candidate in _behind(stage)]
    if found:
        worst = max(found, key=lambda one: one[0])
    else:
        told = [
            (one.passage.conversion, one) for one in known if one.passage.conversion is not None
        ]
        if not told:
            return None
        value, stage = min(told, key=lambda one: one[0])
        worst = (0.0, stage, "conversion", value, None, "others")
    shortfall, stage, kind, value, against, by = worst
    deals = _standing(open_deals, stage, as_of)
    return Bottleneck(stage.stage, kind, value, against, by, shortfall, deals)


_Candidate = tuple[
    float,
    Stage,
    Literal["conversion", "time"],
    float,
    float | None,
    Literal["goal", "past", "others"],
]


def _behind(stage: Stage) -> Iterator[_Candidate]:
    """Yield in what a stage is notably behind: its goal if it has one, or else its past."""
    rate, before = stage.passage.conversion, stage.before.conversion
    past = before if stage.before.counted >= LEAST else None
    against = stage.goal.conversion or past
    if rate is not None and against and rate < (1 - _NOTABLE) * against:
        by: Literal["goal", "past"] = "goal" if stage.goal.conversion else "past"
        yield 1 - rate / against, stage, "conversion", rate, against, by
    days, slow = stage.stay.mean, stage.stay_before
    usual = stage.goal.days or (slow.mean if slow.counted >= LEAST else None)
    if days and usual and usual < (1 - _NOTABLE) * days:
        yield 1 - usual / days, stage, "time", days, usual, "goal" if stage.goal.days else "past"


def _standing(open_deals: pl.DataFrame, stage: Stage, as_of: int) -> pl.DataFrame:
    days = ((as_of - pl.col("entered_at")) / DAY).alias("days_here")
    longest = stage.stay.p90
    overdue = pl.lit(False) if longest is None else pl.col("days_here") > longest
    return (
        open_deals.filter(pl.col("stage") == stage.stage)
        .select("deal_id", "title", "owner", "value", days)
        .with_columns(overdue=overdue.fill_null(False))
        .sort("days_here", "deal_id", descending=[True, False], nulls_last=True)
    )
