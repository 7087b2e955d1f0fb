"""What they and we do: activities by kind and direction, how recent, how it goes on."""

import narwhals as nw

from features.catalogue import Family
from features.history import History, activity, change, days_since

engagement = Family()


@engagement.feature(
    "silence",
    zh="距上次活动",
    en="time since the last activity",
    unit="days",
    group="engagement",
    clock=1,
    zh_fact="{}没有活动",
    en_fact="no activity for {}",
)
def silence(history: History) -> nw.Expr:
    return days_since(history.last(activity(status="done")))


@engagement.feature(
    "silence_working",
    zh="距上次活动的工作日",
    en="working days since the last activity",
    unit="days",
    group="engagement",
    topic="silence",
    zh_fact="{}工作日没有活动",
    en_fact="no activity for {} of work",
)
def silence_working(history: History) -> nw.Expr:
    return nw.col("working_days")


@engagement.feature(
    "silence_usual",
    zh="沉默时长与本阶段通常间隔之比",
    en="silence by the usual gap of its stage",
    unit="ratio",
    group="engagement",
    topic="silence",
)
def silence_usual(history: History) -> nw.Expr:
    # multiplied for the reason that `in_days` gives
    per_day = {stage: 1 / days for stage, days in history.context.gaps}
    rate = nw.lit(per_day.pop("", None)).cast(nw.Float64)
    at = history.held(change("stage"))
    for stage, usual in per_day.items():
        rate = nw.when(at == stage).then(nw.lit(usual)).otherwise(rate)
    return silence(history) * rate


@engagement.feature(
    "no_reply",
    zh="客户未回应",
    en="time since the customer's last word",
    unit="days",
    group="engagement",
    clock=1,
    topic="reply",
    zh_fact="客户{}未回应",
    en_fact="no reply for {}",
)
def no_reply(history: History) -> nw.Expr:
    return days_since(history.last(activity(direction="in")))


@engagement.feature(
    "first_touch",
    zh="首次跟进用时",
    en="time to the first activity",
    unit="days",
    group="engagement",
)
def first_touch(history: History) -> nw.Expr:
    return days_since(nw.col("created_at")) - days_since(history.first(activity(status="done")))


@engagement.feature(
    "last_kind",
    zh="最近活动类型",
    en="kind of the last activity",
    unit="",
    group="engagement",
    kind="category",
    topic="last",
)
def last_kind(history: History) -> nw.Expr:
    return history.held(activity(), "field")


@engagement.feature(
    "last_status",
    zh="最近活动状态",
    en="status of the last activity",
    unit="",
    group="engagement",
    kind="category",
    topic="last",
)
def last_status(history: History) -> nw.Expr:
    return history.held(activity(), "value")


@engagement.feature("done", zh="完成的活动", en="activities done", unit="count", group="engagement")
def done(history: History) -> nw.Expr:
    return history.count(activity(status="done"))


@engagement.feature(
    "done_in:{}",
    each="windows",
    zh="近{}天完成的活动",
    en="activities done in {} days",
    unit="count",
    group="engagement",
    topic="done",
)
def done_in(history: History, days: int) -> nw.Expr:
    return history.count(activity(status="done"), days)


@engagement.feature(
    "heard_in:{}",
    each="windows",
    zh="近{}天客户主动联系",
    en="words from the customer in {} days",
    unit="count",
    group="engagement",
    topic="reply",
)
def heard_in(history: History, days: int) -> nw.Expr:
    return history.count(activity(direction="in"), days)


@engagement.feature(
    "heard",
    zh="客户主动联系",
    en="words from the customer",
    unit="count",
    group="engagement",
    topic="reply",
)
def heard(history: History) -> nw.Expr:
    return history.count(activity(direction="in"))


@engagement.feature(
    "done_trend:{}",
    each="recent",
    zh="近{}天活动相对此前同长时段的增减",
    en="activities in {} days, more than before",
    unit="count",
    group="engagement",
    topic="done",
)
def done_trend(history: History, days: int) -> nw.Expr:
    return _trend(history, activity(status="done"), days)


@engagement.feature(
    "heard_trend:{}",
    each="recent",
    zh="近{}天客户联系相对此前同长时段的增减",
    en="words from the customer in {} days, more than before",
    unit="count",
    group="engagement",
    topic="reply",
)
def heard_trend(history: History, days: int) -> nw.Expr:
    return _trend(history, activity(direction="in"), days)


def _trend(history: History, facts: nw.Expr, days: int) -> nw.Expr:
    """Facts of the last days, less those of as many days before at the pace of that time.

    "Before" reaches back to the next longer window or the deal's beginning; null of a deal that
    is not yet twice as old as the days.
    """
    windows = history.context.windows
    longer = windows[windows.index(days) + 1]
    age = days_since(nw.col("created_at"))
    before = nw.when(age < longer).then(age).otherwise(nw.lit(float(longer))) - days
    late, all_ = history.count(facts, days), history.count(facts, longer)
    # multiplied for the reason that `in_days` gives
    return nw.when(before >= days).then(late - (all_ - late) * days * (1 / before))


@engagement.feature(
    "done:{}", each="kinds", zh="完成{}次数", en="{} done", unit="count", group="engagement"
)
def done_kind(history: History, kind: str) -> nw.Expr:
    return history.count(activity(kind, status="done"))


@engagement.feature(
    "since:{}",
    each="kinds",
    zh="距上次{}",
    en="time since the last {}",
    unit="days",
    group="engagement",
    clock=1,
    topic="silence",
    zh_fact="上次{}（计划或完成）在{{}}前",
    en_fact="last {} {{}} ago, planned or done",
)
def since_kind(history: History, kind: str) -> nw.Expr:
    return days_since(history.last(activity(kind)))


@engagement.feature(
    "planned:{}", each="kinds", zh="计划{}次数", en="{} planned", unit="count", group="engagement"
)
def planned_kind(history: History, kind: str) -> nw.Expr:
    return history.count(activity(kind, status="planned"))
