"""How the deals of its owner, team, account, source and product ended, and who the owner is."""

import narwhals as nw

from features.catalogue import Family
from features.history import History, days_since
from features.track import share_won

track = Family()


@track.feature(
    "owner_record",
    zh="负责人赢单率",
    en="share won by its owner",
    unit="ratio",
    direction=1,
    group="people",
    owner=True,
)
def owner_record(history: History) -> nw.Expr:
    return share_won("owner", history.context)


@track.feature(
    "owner_closings",
    zh="负责人已结商机数",
    en="deals closed by its owner",
    unit="count",
    group="people",
    owner=True,
)
def owner_closings(history: History) -> nw.Expr:
    return nw.col("owner_closed")


@track.feature(
    "team_record",
    zh="团队赢单率",
    en="share won by its owner's team",
    unit="ratio",
    direction=1,
    group="people",
    owner=True,
)
def team_record(history: History) -> nw.Expr:
    return share_won("team", history.context)


@track.feature(
    "owner_role",
    zh="负责人职级",
    en="the owner's role",
    unit="",
    group="people",
    kind="category",
    owner=True,
)
def owner_role(history: History) -> nw.Expr:
    return nw.col("owner_role")


@track.feature(
    "owner_tenure",
    zh="负责人司龄",
    en="time the owner has been here",
    unit="days",
    group="people",
    owner=True,
)
def owner_tenure(history: History) -> nw.Expr:
    return days_since(nw.col("hired_at"))


@track.feature(
    "account_record",
    zh="客户历史赢单率",
    en="share won with this account",
    unit="ratio",
    direction=1,
    group="fit",
)
def account_record(history: History) -> nw.Expr:
    return share_won("account", history.context)


@track.feature(
    "account_closings",
    zh="客户历史商机数",
    en="deals closed with this account",
    unit="count",
    group="fit",
)
def account_closings(history: History) -> nw.Expr:
    return nw.col("account_closed")


@track.feature(
    "account_won",
    zh="客户历史赢单数",
    en="deals won with this account",
    unit="count",
    group="fit",
    topic="account",
)
def account_won(history: History) -> nw.Expr:
    return nw.col("account_won")


@track.feature(
    "account_open",
    zh="客户在谈商机数",
    en="deals open with this account",
    unit="count",
    group="fit",
    topic="account",
)
def account_open(history: History) -> nw.Expr:
    return nw.col("account_open")


@track.feature(
    "since_account_won",
    zh="距该客户上次赢单",
    en="time since this account last bought",
    unit="days",
    group="fit",
    topic="account",
    zh_fact="该客户{}前曾成交",
    en_fact="this account last bought {} ago",
)
def since_account_won(history: History) -> nw.Expr:
    return days_since(nw.col("account_won_at"))


@track.feature(
    "source_record",
    zh="来源历史赢单率",
    en="share won from this source",
    unit="ratio",
    direction=1,
    group="fit",
)
def source_record(history: History) -> nw.Expr:
    return share_won("source", history.context)


@track.feature(
    "product_record",
    zh="产品历史赢单率",
    en="share won of this product",
    unit="ratio",
    direction=1,
    group="fit",
)
def product_record(history: History) -> nw.Expr:
    return share_won("product", history.context)
