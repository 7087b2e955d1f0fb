"""Why an open deal is not on the list: one reason each, with its number."""

from typing import Any, Final

import polars as pl

from data.listing import Listing
from data.moments import DAY
from serving.insights.figures import written

REASONS: Final = (
    "held_out",
    "snoozed",
    "dismissed",
    "done",
    "cooling",
    "swapped",
    "nothing",
    "account",
    "places",
    "room",
    "hours",
)
"""All that may keep a deal off the list."""


def waiting(desk: Listing, as_of: int) -> pl.Expr:
    """Say why a deal rests this week, whatever it is worth; null where it does not.

    Reads acted, acted_at, acted_until, must and last_out_at. What must be done does not cool.
    """
    action, since = pl.col("acted"), (as_of - pl.col("acted_at")) / DAY
    touched = (as_of - pl.col("last_out_at")) / DAY
    return (
        pl.when((action == "snoozed") & (pl.col("acted_until") > as_of))
        .then(pl.lit("snoozed"))
        .when((action == "dismissed") & (since < desk.dismissed_days))
        .then(pl.lit("dismissed"))
        .when((action == "done") & (since < desk.done_days))
        .then(pl.lit("done"))
        .when((touched < desk.cool_days) & ~pl.col("must"))
        .then(pl.lit("cooling"))
    )


def told(rows: pl.DataFrame, desk: Listing, as_of: int) -> pl.DataFrame:
    """Return the deals that are not listed with why, figure, zh and en.

    Args:
        rows: every open deal, with listed, held_out, waits, swapped and the rest of a list.
        desk: the rules.
        as_of: the moment.
    """
    density = pl.col("value_at_stake") / pl.col("hours")
    by_chance = pl.col("explored") | pl.col("swapped") | (pl.col("group") == "must")
    cut = density.filter(pl.col("listed") & ~by_chance).min().over("owner_id")
    same = pl.col("listed").sum().over("account_id")
    shown = pl.col("listed").sum().over("owner_id")
    full = pl.col("account_id").is_not_null() & (same >= desk.per_account)
    why = (
        pl.when("held_out")
        .then(pl.lit("held_out"))
        .when(pl.col("waits").is_not_null())
        .then("waits")
        .when("swapped")
        .then(pl.lit("swapped"))
        .when(pl.col("value_at_stake") <= 0)
        .then(pl.lit("nothing"))
        .when(full & ~pl.col("must"))
        .then(pl.lit("account"))
        .when(shown >= desk.per_owner)
        .then(pl.lit("places"))
        .when(density >= cut)
        .then(pl.lit("room"))
        .otherwise(pl.lit("hours"))
    )
    rows = rows.with_columns(why=why, _cut=cut, _density=density, _shown=shown)
    rows = rows.filter(~pl.col("listed"))
    told = _sentences(desk, as_of)
    chosen = {
        name: _by_reason({reason: parts[place] for reason, parts in told.items()})
        for place, name in enumerate(("figure", "zh", "en"))
    }
    return rows.with_columns(**chosen).drop("_cut", "_density", "_shown").sort("deal_id")


def _by_reason(parts: dict[str, pl.Expr]) -> pl.Expr:
    reasons = iter(parts.items())
    name, part = next(reasons)
    said: Any = pl.when(pl.col("why") == name).then(part)
    for name, part in reasons:
        said = said.when(pl.col("why") == name).then(part)
    told: pl.Expr = said
    return told


def _sentences(desk: Listing, as_of: int) -> dict[str, tuple[pl.Expr, pl.Expr, pl.Expr]]:
    """Return the number behind each reason, and the reason in zh and en."""
    since = (as_of - pl.col("acted_at")) / DAY
    until = (pl.col("acted_until") - as_of) / DAY
    touched = (as_of - pl.col("last_out_at")) / DAY
    rest = desk.dismissed_days - since
    later = desk.done_days - since

    def said(figure: pl.Expr, zh: str, en: str, *more: pl.Expr) -> tuple[pl.Expr, ...]:
        shown = [written(one, 1).fill_null("?") for one in (figure, *more)]
        count = zh.count("{}")
        texts = (pl.format(text, *shown[:count]) for text in (zh, en))
        return (figure.cast(pl.Float64), *texts)

    number = {
        "held_out": said(
            pl.lit(100.0 * desk.experiments.holdout),
            "对照组：{}%的客户不列入清单，以便衡量清单的作用",
            "comparison group: {} % of accounts are not listed, so that the list can be judged",
        ),
        "snoozed": said(until, "已推迟，还有{}天", "snoozed for another {} days"),
        "dismissed": said(rest, "已搁置，还有{}天", "dismissed, for another {} days"),
        "done": said(later, "本周已办，{}天后再看", "done; looked at again in {} days"),
        "cooling": said(
            touched, "{}天前刚跟进，等客户回应", "touched {} days ago; the customer's turn"
        ),
        "swapped": said(
            pl.lit(100.0 * desk.experiments.swap),
            "随机换下（概率{}%），以便比较",
            "swapped off by chance ({} %), to compare",
        ),
        "nothing": said(
            100.0 * pl.col("p_won_end"),
            "本周跟进改变不了什么（最终赢单{}%）",
            "work this week can change nothing (won in the end: {} %)",
        ),
        "account": said(
            pl.lit(float(desk.per_account)),
            "同一客户已列{}个商机",
            "{} deals of this account are listed already",
        ),
        "places": said(
            pl.col("_shown"),
            "负责人的清单已有{}个商机（上限{}）",
            "its seller's list has {} deals already, of {} at most",
            pl.lit(float(desk.per_owner)),
        ),
        "room": said(
            pl.col("hours"),
            "本周剩余工时放不下：需要{}小时",
            "does not fit into the hours left: it takes {}",
        ),
        "hours": said(
            pl.col("_density"),
            "工时不够：每小时可争取{}，入选下限{}",
            "hours are used up: {} at stake an hour, the least listed has {}",
            pl.col("_cut"),
        ),
    }
    return {reason: (parts[0], parts[1], parts[2]) for reason, parts in number.items()}
