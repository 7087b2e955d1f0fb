"""How busy its owner is: open deals in hand, and what they did of late."""

import narwhals as nw

from features.catalogue import Family
from features.history import History

load = Family()


@load.feature(
    "owner_open",
    zh="负责人在手商机数",
    en="deals open with its owner",
    unit="count",
    group="people",
    owner=True,
)
def owner_open(history: History) -> nw.Expr:
    return nw.col("owner_open")


@load.feature(
    "owner_done_in:{}",
    each="lately",
    zh="负责人近{}天完成的活动",
    en="activities done by its owner in {} days",
    unit="count",
    group="people",
    owner=True,
)
def owner_done_in(history: History, days: int) -> nw.Expr:
    return nw.col("owner_done")
