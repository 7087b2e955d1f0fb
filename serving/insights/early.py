"""Early warnings: what went wrong while there is still time, each with its fact."""

from typing import Final

import polars as pl

from data.moments import DAY
from serving.insights.figures import written

KINDS: Final = {
    "slipping": ("预计成交日期推迟", "slipping close date"),
    "overdue": ("预计成交日期已过", "stated close date has passed"),
    "silence": ("异常沉默", "unusual silence"),
    "shrinking": ("金额缩水", "shrinking amount"),
    "nobody_decides": ("缺少决策人", "no decision maker"),
    "stalled": ("阶段停滞", "stalled stage"),
    "spending": ("费用超前", "spending runs ahead"),
}
"""What a warning is called, in zh and en."""
_PUSHES: Final = 2
_SHRUNK: Final = 0.9
_LEAST_CONTACTS: Final = 1

WARNING: Final = pl.Struct({"kind": pl.String, "zh": pl.String, "en": pl.String})


def warnings(deals: pl.DataFrame, stagnation: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """Return deal_id and warnings: a list of kind, zh and en, the gravest first.

    Args:
        deals: see `facts`, with stage and amount as they stand and stage_place, from 0 to 1.
        stagnation: see `stagnation`.
        as_of: the moment.
    """
    rows = deals.join(stagnation, on="deal_id", how="left", maintain_order="left")
    date = pl.from_epoch("stated_close_at", time_unit="us").dt.date()
    past = (as_of - pl.col("stated_close_at")) / DAY
    moved = (pl.col("stated_close_at") - pl.col("first_stated_close_at")) / DAY
    shrunk = pl.col("amount") / pl.col("most_amount")
    quiet = [pl.col("quiet_days"), pl.col("usual_quiet_days")]
    stays = [pl.col("stage_days"), pl.col("usual_stage_days")]
    told = [
        _told(
            "overdue",
            past > 0,
            ("预计成交日期{}已过{}天", [date, written(past)]),
            ("stated to close on {}, {} days ago", [date, written(past)]),
        ),
        _told(
            "slipping",
            (pl.col("pushes") >= _PUSHES) & (past <= 0),
            ("预计成交日期推迟{}次，共{}天", [pl.col("pushes"), written(moved)]),
            ("close date pushed {} times, by {} days in all", [pl.col("pushes"), written(moved)]),
        ),
        _told(
            "silence",
            pl.col("quiet_days") > pl.col("usual_quiet_days"),
            ("{}天没有动静；本阶段九成不超过{}天", [written(one) for one in quiet]),
            (
                "nothing for {} days; nine in ten at this stage: within {}",
                [written(q) for q in quiet],
            ),
        ),
        _told(
            "stalled",
            pl.col("stage_days") > pl.col("usual_stage_days"),
            ("在本阶段{}天；九成不超过{}天", [written(one) for one in stays]),
            ("{} days at this stage; nine in ten leave within {}", [written(one) for one in stays]),
        ),
        _told(
            "shrinking",
            shrunk < _SHRUNK,
            ("金额由{}降至{}", [written(pl.col("most_amount")), written(pl.col("amount"))]),
            (
                "amount down from {} to {}",
                [written(pl.col("most_amount")), written(pl.col("amount"))],
            ),
        ),
        _told(
            "nobody_decides",
            (pl.col("contacts") >= _LEAST_CONTACTS)
            & (pl.col("key_people") == 0)
            & (pl.col("stage_place") >= 0.5),
            ("已知联系人{}位，无决策人", [pl.col("contacts")]),
            ("{} contacts known, none who decides", [pl.col("contacts")]),
        ),
    ]
    return rows.select("deal_id", warnings=pl.concat_list(told).list.drop_nulls())


def _told(
    kind: str,
    holds: pl.Expr,
    zh: tuple[str, list[pl.Expr]],
    en: tuple[str, list[pl.Expr]],
) -> pl.Expr:
    said = pl.struct(kind=pl.lit(kind), zh=pl.format(zh[0], *zh[1]), en=pl.format(en[0], *en[1]))
    return pl.when(holds.fill_null(value=False)).then(said).otherwise(pl.lit(None, WARNING))


def stagnation(
    deals: pl.DataFrame, usual: pl.DataFrame, scored: pl.DataFrame, as_of: int, drop_below: int
) -> pl.DataFrame:
    """Say which deals stand still, against what is usual for their stage, and what to do.

    Stagnant is a deal that has been at its stage for longer than half of all deals are, and of
    which nothing was heard for longer than nine in ten gaps at this stage last. It is proposed to
    revive it where its chance in the end is not below the grade C; else to drop it where it is
    likelier than not to be lost by the period's end; else to let it rest (make it dormant).

    Args:
        deals: see `facts`, with stage as it stands.
        usual: see `usual_stays`.
        scored: deal_id, score and p_lost_period.
        as_of: the moment.
        drop_below: the lowest score of the grade C.

    Returns:
        deal_id, stage_days, usual_stage_days (nine in ten leave within), usual_median_days,
        quiet_days, usual_quiet_days, stagnant, proposal (revive, dormant, drop, or null).
    """
    last = pl.max_horizontal("last_in_at", "last_out_at", "changed_at", "created_at")
    rows = deals.join(usual, on="stage", how="left", maintain_order="left").join(
        scored, on="deal_id", how="left", maintain_order="left"
    )
    told = rows.select(
        "deal_id",
        "score",
        "p_lost_period",
        stage_days=(as_of - pl.col("stage_at")) / DAY,
        usual_stage_days="stay_p90",
        usual_median_days="stay_median",
        quiet_days=(as_of - last) / DAY,
        usual_quiet_days="gap_p90",
    )
    still = (pl.col("stage_days") > pl.col("usual_median_days")) & (
        pl.col("quiet_days") > pl.col("usual_quiet_days")
    )
    gone = pl.when(pl.col("p_lost_period") > 0.5).then(pl.lit("drop")).otherwise(pl.lit("dormant"))
    proposal = pl.when(pl.col("score") >= drop_below).then(pl.lit("revive")).otherwise(gone)
    return (
        told.with_columns(stagnant=still.fill_null(value=False))
        .with_columns(proposal=pl.when("stagnant").then(proposal))
        .drop("score", "p_lost_period")
    )
