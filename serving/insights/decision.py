"""Follow first, hold or drop: the decision on each open deal, its reasons, risks, state and class.

What the tables do not have is said to be unknown, never guessed.
"""

from typing import Final

import polars as pl

from data.listing import Listing
from serving.insights.figures import written

DECISIONS: Final = {
    "follow": ("优先跟进", "follow first"),
    "hold": ("暂缓", "hold"),
    "drop": ("放弃", "drop"),
}
STATES: Final = {
    "potential": ("潜在", "potential"),
    "intent": ("意向", "intent"),
    "negotiation": ("谈判", "negotiation"),
    "dormant": ("休眠", "dormant"),
    "dropped": ("淘汰", "dropped"),
    "closed": ("成交", "closed"),
}
RISKS: Final = {
    "market": ("市场风险", "market risk"),
    "credit": ("信用风险", "credit risk"),
    "technical": ("技术风险", "technical risk"),
}
_LEVELS: Final = (("高", "high"), ("低", "low"), ("未知", "unknown"))
"""What a risk is where its sign holds, where it does not, and where it is not known."""
_CLASSES: Final = (0.2, 0.5)
"""Class A holds the deals of the highest expected value, this share of all; B up to the next."""
_DEMAND: Final = 0.1
"""How far a product's or source's record differs from others' to say so, as a share of it."""


def decide(
    deals: pl.DataFrame,
    records: pl.DataFrame,
    desk: Listing,
    cuts: tuple[int, int, int],
    stages: tuple[str, ...],
) -> pl.DataFrame:
    """Decide on each open deal.

    Expected profit is the amount at close times the margin times the chance in the end, less what
    was spent. Dropped is a deal below the grade C that is likelier than not to be lost by the
    period's end, or that stands still with the proposal to drop it, or whose expected profit is
    not above nothing. Followed first is one of the grade A or B that does not stand still, if it
    has an expected profit. The rest is held.

    Args:
        deals: deal_id, owner_id, role, stage, score, p_won_end, p_lost_period, amount_at_close,
            cost, hours, must, stagnant, proposal, and the signs of `facts`.
        records: deal_id and, where known, source_record and product_record: shares won.
        desk: hours, margin, the cost and its limit.
        cuts: the lowest scores of A, B and C.
        stages: the ladder, first stage first.

    Returns:
        deal_id, expected_profit, expected_value, cost_share, decision, decision_why (zh, en),
        factors and risks (lists of kind, level, zh, en), state, class, effective; in the order
        of the deals.
    """
    rows = deals.join(records, on="deal_id", how="left", maintain_order="left")
    missing = [n for n in _OPTIONAL if n not in rows.columns]
    rows = rows.with_columns(
        **{name: pl.lit(None, _OPTIONAL[name]) for name in missing},
    ).with_columns(expected_value=pl.col("amount_at_close") * pl.col("p_won_end"))
    rows = rows.with_columns(
        expected_profit=pl.col("expected_value") * desk.margin - pl.col("cost").fill_null(0.0),
        cost_share=pl.col("cost") / pl.col("expected_value"),
        demand=_demand(),
        free=_free(rows, desk),
    )
    rows = rows.with_columns(decision=_decision(cuts))
    return rows.select(
        "deal_id",
        "expected_profit",
        "expected_value",
        "cost_share",
        "decision",
        decision_why=_why(),
        factors=_factors(),
        risks=_risks(),
        state=_state(desk, stages),
        **{"class": _class()},
        effective=_effective(),
    )


_SIGNS: Final = ("need", "budget", "market", "credit", "technical", "competition")
_OPTIONAL: Final = {
    **{f"sign_{name}": pl.Boolean() for name in _SIGNS},
    "source_record": pl.Float64(),
    "product_record": pl.Float64(),
}


def _decision(cuts: tuple[int, int, int]) -> pl.Expr:
    lost = (pl.col("p_lost_period") > 0.5) | (pl.col("proposal") == "drop")
    worthless = (pl.col("expected_profit") <= 0).fill_null(value=False)
    drop = ((pl.col("score") < cuts[2]) & lost.fill_null(value=False)) | worthless
    follow = (pl.col("score") >= cuts[1]) & ~pl.col("stagnant")
    told = pl.when(drop).then(pl.lit("drop")).when(follow).then(pl.lit("follow"))
    return told.otherwise(pl.lit("hold"))


def _demand() -> pl.Expr:
    """Say how the deal's product and source sell against those of the other open deals."""
    own = pl.mean_horizontal("source_record", "product_record")
    return own / own.mean() - 1.0


def _free(rows: pl.DataFrame, desk: Listing) -> pl.Series:
    """Return the hours that each deal's seller has left after one action for every open deal."""
    asked = rows.select(pl.col("hours").sum().over("owner_id")).to_series()
    has = [desk.hours_of(o, r) for o, r in rows.select("owner_id", "role").iter_rows()]
    return pl.Series(has, dtype=pl.Float64) - asked


def _said(kind: str, level: pl.Expr, zh: pl.Expr, en: pl.Expr) -> pl.Expr:
    return pl.struct(kind=pl.lit(kind), level=level, zh=zh, en=en)


def _either(sign: pl.Expr, yes: str | pl.Expr, no: str | pl.Expr, unknown: str) -> pl.Expr:
    """Say one thing where a sign holds, another where it does not, a third where it is null."""
    yes, no = (pl.lit(one) if isinstance(one, str) else one for one in (yes, no))
    return pl.when(sign).then(yes).when(~sign).then(no).otherwise(pl.lit(unknown))


def _factors() -> pl.Expr:
    """Tell market demand, competition, fit of our resources and expected profit."""
    demand, free, profit = pl.col("demand"), pl.col("free"), pl.col("expected_profit")
    competed = pl.col("sign_competition")
    fair = pl.when(demand.abs() <= _DEMAND).then(pl.lit("fair"))
    gap = pl.when(demand >= 0.005).then(pl.lit("+")).otherwise(pl.lit("")) + written(100 * demand)
    hours, worth = written(free.abs(), 1), written(profit)
    return pl.concat_list(
        _said(
            "market",
            pl.coalesce(fair, _either(demand > 0, "good", "poor", "unknown")),
            _known("来源与产品的赢单率与其他商机相比{}%", gap, "未知"),
            _known("its source and product win {} % against others", gap, "unknown"),
        ),
        _said(
            "competition",
            _either(competed, "poor", "good", "unknown"),
            _either(competed, "竞争强", "竞争弱", "未知"),
            _either(competed, "strong", "weak", "unknown"),
        ),
        _said(
            "resources",
            _either(free >= 0, "good", "poor", "unknown"),
            _either(
                free >= 0,
                pl.format("负责人跟进全部商机后剩余{}小时", hours),
                pl.format("负责人跟进全部商机还缺{}小时", hours),
                "未知",
            ),
            _either(
                free >= 0,
                pl.format("its seller has {} hours left after all open deals", hours),
                pl.format("its seller lacks {} hours for all open deals", hours),
                "unknown",
            ),
        ),
        _said(
            "profit",
            _either(profit > 0, "good", "poor", "unknown"),
            _known("预期利润{}", worth, "未知"),
            _known("expected profit {}", worth, "unknown"),
        ),
    )


def _known(text: str, figure: pl.Expr, unknown: str) -> pl.Expr:
    return pl.coalesce(pl.format(text, figure), pl.lit(unknown))


def _risks() -> pl.Expr:
    """Name the three risks: high or low where a sign is declared and known, else unknown."""
    told = []
    for kind, (zh, en) in RISKS.items():
        sign = pl.col(f"sign_{kind}")
        zh_level, en_level = (_either(sign, *words) for words in zip(*_LEVELS, strict=True))
        named = (
            pl.format("{}：{}", pl.lit(zh), zh_level),
            pl.format("{}: {}", pl.lit(en), en_level),
        )
        told.append(_said(kind, en_level, *named))
    return pl.concat_list(told)


def _why() -> pl.Expr:
    """Tell the figures that decided, those that are known, and what else holds."""
    figures = (
        ("最终赢单{}%", "won in the end {} %", 100 * pl.col("p_won_end")),
        ("期末前输单{}%", "lost by period's end {} %", 100 * pl.col("p_lost_period")),
        ("预期利润{}", "expected profit {}", pl.col("expected_profit")),
    )
    owed = pl.col("must") & (pl.col("decision") != "follow")
    facts = (
        ("已停滞", "stagnant", pl.col("stagnant")),
        ("但下一步仍须完成", "but the next step is owed", owed),
    )

    def told(which: int, separator: str) -> pl.Expr:
        parts = [pl.format((zh, en)[which], written(one)) for zh, en, one in figures]
        parts += [pl.when(one).then(pl.lit((zh, en)[which])) for zh, en, one in facts]
        return pl.concat_str(parts, separator=separator, ignore_nulls=True)

    return pl.struct(zh=told(0, "，"), en=told(1, ", "))


def _state(desk: Listing, stages: tuple[str, ...]) -> pl.Expr:
    """Name the handbooks' state: dormant and dropped by the proposal, else by the stage."""
    names = ("potential", "intent", "negotiation")
    thirds = {stage: names[3 * place // len(stages)] for place, stage in enumerate(stages)}
    by_stage = {**thirds, **desk.states}
    rested = pl.col("proposal").replace_strict(
        {"dormant": "dormant", "drop": "dropped"}, default=None, return_dtype=pl.String
    )
    stage = pl.col("stage").replace_strict(by_stage, default=None, return_dtype=pl.String)
    return pl.coalesce(rested, stage)


def _class() -> pl.Expr:
    """Class the deals by expected value: amount and likelihood in one number."""
    rank = pl.col("expected_value").rank("ordinal", descending=True) / pl.len()
    a, b = _CLASSES
    told = pl.when(rank <= a).then(pl.lit("A")).when(rank <= b).then(pl.lit("B"))
    return told.when(rank.is_not_null()).then(pl.lit("C"))


def _effective() -> pl.Expr:
    """Say whether need, decision maker and budget are confirmed; null while one is unknown."""
    people = pl.when(pl.col("contacts") > 0).then(pl.col("key_people") > 0)
    return pl.col("sign_need") & people & pl.col("sign_budget")
