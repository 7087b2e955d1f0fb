"""How the deal moves: age, stages, the amount and its path, the stated close date."""

import narwhals as nw

from features.catalogue import Family
from features.history import History, change, days_since, in_days

deal = Family()


@deal.feature(
    "age",
    zh="商机年龄",
    en="age of the deal",
    unit="days",
    group="process",
    clock=1,
    topic="pace",
)
def age(history: History) -> nw.Expr:
    return days_since(nw.col("created_at"))


@deal.feature(
    "stage",
    zh="阶段",
    en="stage",
    unit="",
    group="process",
    kind="category",
    zh_fact="处于{}",
    en_fact="at {}",
)
def stage(history: History) -> nw.Expr:
    return history.held(change("stage"))


@deal.feature(
    "in_stage",
    zh="本阶段停留",
    en="time in this stage",
    unit="days",
    group="process",
    clock=1,
    topic="stage",
    zh_fact="在本阶段停留{}",
    en_fact="{} in this stage",
)
def in_stage(history: History) -> nw.Expr:
    return days_since(history.last(change("stage")))


@deal.feature(
    "stage_moves", zh="阶段变动次数", en="stage moves", unit="count", group="process", topic="stage"
)
def stage_moves(history: History) -> nw.Expr:
    return history.count(change("stage"))


@deal.feature(
    "stage_moves_in:{}",
    each="windows",
    zh="近{}天阶段变动",
    en="stage moves in {} days",
    unit="count",
    group="process",
    topic="pace",
)
def stage_moves_in(history: History, days: int) -> nw.Expr:
    return history.count(change("stage"), days)


@deal.feature(
    "visits:{}",
    each="stages",
    zh="进入{}次数",
    en="times in {}",
    unit="count",
    group="process",
    topic="stage",
)
def visits(history: History, word: str) -> nw.Expr:
    return history.count(change("stage", to=word))


@deal.feature(
    "since_stage:{}",
    each="stages",
    zh="距上次进入{}",
    en="time since {}",
    unit="days",
    group="process",
    clock=1,
    topic="stage",
    zh_fact="{{}}前进入{}",
    en_fact="entered {} {{}} ago",
)
def since_stage(history: History, word: str) -> nw.Expr:
    return days_since(history.last(change("stage", to=word)))


@deal.feature("amount", zh="金额", en="amount", unit="money", group="fit")
def amount(history: History) -> nw.Expr:
    return history.held(change("amount"), "number")


@deal.feature(
    "amount_rises",
    zh="金额上调次数",
    en="amount rises",
    unit="count",
    group="process",
    topic="amount_moves",
)
def amount_rises(history: History) -> nw.Expr:
    return history.rises(change("amount"))


@deal.feature(
    "amount_falls",
    zh="金额下调次数",
    en="amount cuts",
    unit="count",
    group="process",
    topic="amount_moves",
)
def amount_falls(history: History) -> nw.Expr:
    return history.falls(change("amount"))


@deal.feature(
    "to_stated_close",
    zh="距预计成交日",
    en="time to the stated close date",
    unit="days",
    group="process",
    clock=-1,
    topic="stated_close",
)
def to_stated_close(history: History) -> nw.Expr:
    return in_days(history.held(change("expected_close_at"), "number") - nw.col("as_of"))


@deal.feature(
    "close_pushes",
    zh="预计成交日推迟次数",
    en="close date pushes",
    unit="count",
    group="process",
    topic="stated_close",
)
def close_pushes(history: History) -> nw.Expr:
    return history.rises(change("expected_close_at"))


@deal.feature(
    "close_pushes_in:{}",
    each="windows",
    zh="近{}天推迟次数",
    en="close date pushes in {} days",
    unit="count",
    group="process",
    topic="stated_close",
)
def close_pushes_in(history: History, days: int) -> nw.Expr:
    return history.rises(change("expected_close_at"), days)


@deal.feature(
    "owner_changes", zh="更换负责人次数", en="owner changes", unit="count", group="people"
)
def owner_changes(history: History) -> nw.Expr:
    return history.count(change("owner_id"))


@deal.feature(
    "{}", each="tracked_texts", zh="{}", en="{}", unit="", group="process", kind="category"
)
def tracked_text(history: History, name: str) -> nw.Expr:
    return history.held(change(name))


@deal.feature("{}", each="tracked_numbers", zh="{}", en="{}", unit="", group="process")
def tracked_number(history: History, name: str) -> nw.Expr:
    return history.held(change(name), "number")
