"""Milestones confirmed (C), failed (F) and waiting (W)."""

import narwhals as nw

from features.catalogue import Family
from features.history import History, item

checklist = Family()


@checklist.feature(
    "confirmed",
    zh="里程碑已确认",
    en="milestones confirmed",
    unit="count",
    group="process",
    topic="checklist",
    direction=1,
)
def confirmed(history: History) -> nw.Expr:
    return history.count(item("C"))


@checklist.feature(
    "failed",
    zh="里程碑未通过",
    en="milestones failed",
    unit="count",
    group="process",
    topic="checklist",
    direction=-1,
)
def failed(history: History) -> nw.Expr:
    return history.count(item("F"))


@checklist.feature(
    "waiting",
    zh="里程碑待定",
    en="milestones waiting",
    unit="count",
    group="process",
    topic="checklist",
)
def waiting(history: History) -> nw.Expr:
    return history.count(item("W")) - history.count(item("C")) - history.count(item("F"))
