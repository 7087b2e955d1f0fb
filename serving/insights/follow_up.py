"""What is to be done next for each open deal, by when, by which channel, and what cannot wait.

The first that holds: the customer waits for an answer; a step was promised; the plan of a new
deal has a step due; the stated close date falls within the week; nobody who decides is known;
a milestone of the stage waits; else, keep in touch.
"""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from data.listing import Listing
from data.moments import DAY
from data.words import KINDS
from serving.insights.period import period_of

MUST: Final = ("waiting", "promised", "plan", "closing")
"""The kinds of next actions that must be done this week."""
_PRIOR: Final = 4.0
"""Tries by which a deal's own share of replies is drawn towards that of all deals."""
_SCHEMA: Final = {"channel": pl.String, "rate": pl.Float64}


@dataclass(frozen=True)
class _Case:
    """One kind of next action: when it holds, what it is called, how and by when."""

    kind: str
    holds: pl.Expr
    zh: pl.Expr
    en: pl.Expr
    channel: pl.Expr
    due_at: pl.Expr


def follow_up(
    deals: pl.DataFrame, replies: pl.DataFrame, desk: Listing, as_of: int
) -> pl.DataFrame:
    """Say what to do next.

    Args:
        deals: see `facts`; for the plan, their stage_at and created_at.
        replies: see `reply_rates`.
        desk: the settings: plan, effort, rules.
        as_of: the moment.

    Returns:
        deal_id, next (the kind of action), action (zh, en), channel, due_at (moment), overdue,
        hours, must (whether it cannot wait for another week); in the order of the deals.
    """
    best = _best_channel(deals, replies, desk)
    rows = deals.join(best, on="deal_id", how="left", maintain_order="left")
    cases = _cases(desk, as_of)
    told = {
        "next": _first(cases, [pl.lit(case.kind) for case in cases]),
        "zh": _first(cases, [case.zh for case in cases]),
        "en": _first(cases, [case.en for case in cases]),
        "channel": _first(cases, [case.channel for case in cases]),
        "due_at": _first(cases, [case.due_at.cast(pl.Int64) for case in cases]),
    }
    hours = pl.col("channel").replace_strict(
        desk.effort, default=desk.effort_other, return_dtype=pl.Float64
    )
    return rows.select("deal_id", **told).select(
        "deal_id",
        "next",
        pl.struct("zh", "en").alias("action"),
        "channel",
        "due_at",
        overdue=pl.col("due_at") < as_of,
        hours=hours,
        must=pl.col("next").is_in(MUST),
    )


def unplanned(deals: pl.DataFrame, desk: Listing, as_of: int) -> pl.DataFrame:
    """Return the columns of `follow_up` where records have no dates: one call, any time."""
    due = _last_noon(as_of)
    return deals.select(
        "deal_id",
        next=pl.lit("touch"),
        action=pl.struct(zh=pl.lit("跟进客户"), en=pl.lit("follow up")),
        channel=pl.lit("call"),
        due_at=pl.lit(due, pl.Int64),
        overdue=pl.lit(value=False),
        hours=pl.lit(desk.effort_of("call")),
        must=pl.lit(value=False),
    )


def _last_noon(as_of: int) -> int:
    """Return noon of the week's Sunday, which is Sunday on nearly every clock."""
    return period_of("week", as_of).ends_at - DAY // 2


def _first(cases: list[_Case], values: list[pl.Expr]) -> pl.Expr:
    chosen: Any = pl.when(cases[0].holds).then(values[0])
    for case, value in zip(cases[1:], values[1:], strict=True):
        chosen = chosen.when(case.holds).then(value)
    first: pl.Expr = chosen
    return first


def _cases(desk: Listing, as_of: int) -> list[_Case]:
    week_end = period_of("week", as_of).ends_at
    late = as_of - round(desk.overdue_days * DAY)
    heard = pl.col("last_in_at")
    unanswered = heard > pl.col("last_out_at").fill_null(0)
    fresh = heard >= as_of - round(desk.waiting_days * DAY)
    stated = pl.col("stated_close_at")
    best = pl.col("best_channel")
    end = pl.lit(_last_noon(as_of), pl.Int64)
    return [
        _Case(
            "waiting",
            (unanswered & fresh).fill_null(value=False),
            pl.lit("答复客户"),
            pl.lit("answer the customer"),
            pl.col("last_in_kind").fill_null(best),
            heard + DAY,
        ),
        _Case(
            "promised",
            pl.col("planned_at").is_between(late, week_end, closed="left").fill_null(value=False),
            pl.format(
                "完成已计划的跟进（{}）",
                pl.col("planned_kind")
                .replace({kind: names[0] for kind, names in KINDS.items()})
                .fill_null("跟进"),
            ),
            pl.format("do the {} that is planned", pl.col("planned_kind").fill_null("step")),
            pl.col("planned_kind").fill_null(best),
            pl.col("planned_at"),
        ),
        *_plan(desk, late, week_end),
        _Case(
            "closing",
            stated.is_between(as_of, week_end, closed="left").fill_null(value=False),
            pl.lit("确认签约：预计本周成交"),
            pl.lit("confirm the closing: stated for this week"),
            best,
            stated,
        ),
        _Case(
            "people",
            (pl.col("contacts") > 0) & (pl.col("key_people") == 0),
            pl.lit("找到决策人"),
            pl.lit("find who decides"),
            best,
            end,
        ),
        _Case(
            "milestone",
            pl.col("waiting_item").is_not_null(),
            pl.format("推进里程碑：{}", pl.col("waiting_item").fill_null("")),
            pl.format("settle the milestone: {}", pl.col("waiting_item").fill_null("")),
            best,
            end,
        ),
        _Case("touch", pl.lit(value=True), pl.lit("跟进客户"), pl.lit("keep in touch"), best, end),
    ]


def _plan(desk: Listing, late: int, week_end: int) -> list[_Case]:
    """Return a case for each step of the plan: so many were taken, and the next falls due."""
    cases = []
    for taken, step in enumerate(desk.plan):
        due = pl.col("created_at") + round(step.to_days * DAY)
        cases.append(
            _Case(
                "plan",
                (pl.col("done_out") == taken) & due.is_between(late, week_end, closed="left"),
                pl.lit(step.zh),
                pl.lit(step.en),
                pl.lit(step.channel),
                due,
            )
        )
    return cases


def _best_channel(deals: pl.DataFrame, replies: pl.DataFrame, desk: Listing) -> pl.DataFrame:
    """Choose for each deal the channel that got most replies for an hour of work.

    A deal's own share is drawn towards the share of all deals by `_PRIOR` tries.
    """
    known = pl.col("kind").is_in(list(desk.effort))
    of_all = replies.filter(pl.col("deal_id").is_null() & known)
    overall = of_all.select("kind", rate=(pl.col("replies") + 1) / (pl.col("tries") + 2))
    if overall.is_empty():
        first = next(iter(desk.effort), "call")
        return deals.select("deal_id", best_channel=pl.lit(first))
    own = replies.filter(pl.col("deal_id").is_not_null() & known)
    pairs = deals.select("deal_id").join(overall, how="cross")
    pairs = pairs.join(own, on=["deal_id", "kind"], how="left").with_columns(
        pl.col("tries", "replies").fill_null(0),
        hours=pl.col("kind").replace_strict(desk.effort, return_dtype=pl.Float64),
    )
    share = (pl.col("replies") + _PRIOR * pl.col("rate")) / (pl.col("tries") + _PRIOR)
    ranked = pairs.with_columns(share=share).sort(
        "deal_id", "share", "hours", "kind", descending=[False, True, False, False]
    )
    return ranked.group_by("deal_id").agg(best_channel=pl.first("kind"))
