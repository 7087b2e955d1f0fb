"""Who is covered: the people known, and the parts they play in buying."""

import narwhals as nw

from features.catalogue import Family
from features.history import History, contact

people = Family()


@people.feature(
    "contacts", zh="联系人数", en="people known", unit="count", group="people", topic="people"
)
def contacts(history: History) -> nw.Expr:
    return history.count(contact())


@people.feature(
    "covered:{}",
    each="roles",
    zh="已覆盖角色：{}",
    en="{} covered",
    unit="count",
    group="people",
    topic="people",
)
def covered(history: History, role: str) -> nw.Expr:
    return history.count(contact(role))
