"""Who they are and what brought them: fixed words and numbers of the deal and its account."""

import narwhals as nw

from features.catalogue import Family
from features.history import History

source = Family()


@source.feature("source", zh="来源", en="source", unit="", group="fit", kind="category")
def deal_source(history: History) -> nw.Expr:
    return nw.col("source")


@source.feature("product", zh="产品", en="product", unit="", group="fit", kind="category")
def product(history: History) -> nw.Expr:
    return nw.col("product")


@source.feature("industry", zh="行业", en="industry", unit="", group="fit", kind="category")
def industry(history: History) -> nw.Expr:
    return nw.col("industry")


@source.feature("region", zh="地区", en="region", unit="", group="fit", kind="category")
def region(history: History) -> nw.Expr:
    return nw.col("region")


@source.feature("employees", zh="员工数", en="employees", unit="count", group="fit", topic="size")
def employees(history: History) -> nw.Expr:
    return nw.col("employees")


@source.feature(
    "revenue", zh="年收入", en="revenue a year", unit="money", group="fit", topic="size"
)
def revenue(history: History) -> nw.Expr:
    return nw.col("revenue")


@source.feature("{}", each="texts", zh="{}", en="{}", unit="", group="fit", kind="category")
def fixed_text(history: History, name: str) -> nw.Expr:
    return nw.col(name)


@source.feature("{}", each="numbers", zh="{}", en="{}", unit="", group="fit")
def fixed_number(history: History, name: str) -> nw.Expr:
    return nw.col(name)


@source.feature("blanks", zh="未填写的字段数", en="fields left empty", unit="count", group="fit")
def blanks(history: History) -> nw.Expr:
    fixed = (*history.context.texts, *history.context.numbers)
    empty = (nw.col(name).is_null().cast(nw.Int64) for name in fixed)
    return sum(empty, start=nw.lit(0))
