"""Won and lost reviewed against what was said at the time, surprises first.

A deal's surprise is the mean over what was said of it of -log2 p(what came), in bits: 0 where it
was sure all along, 1 where every word was "one in two", 3 where it was "one in eight".
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from serving.insights.funnel import Span

_LEAST: Final = 0.001
"""A chance below this counts as this: one word too sure must not drown all others."""


@dataclass(frozen=True)
class Review:
    """The closings of a period.

    Attributes:
        deals: deal_id, title, account, owner, team, source, product, outcome, closed_at, value,
            reason, said (how often something was said), p_first and p_last (the chance to be won,
            as said first and last), surprise (bits; null where nothing was said); surprises first.
        points: deal_id, as_of, p_won: all that was said of them, in order.
        reasons: outcome, reason, deals and value, the most deals first.
    """

    deals: pl.DataFrame
    points: pl.DataFrame
    reasons: pl.DataFrame

    @property
    def told(self) -> dict[str, str]:
        """Say in a sentence what came, and what was said of it, in zh and en."""
        closed, won = len(self.deals), int(self.deals["outcome"].eq("won").sum())
        if not closed:
            return {"zh": "没有结束的商机", "en": "no deal has closed"}
        zh = f"结束{closed:,}个商机，赢单{won:,}个（{won / closed:.0%}）"
        en = f"{closed:,} deals closed, {won:,} of them won ({won / closed:.0%})"
        judged = self.deals.filter(pl.col("p_first").is_not_null())
        if not len(judged):
            return {"zh": f"{zh}；事先均无评分", "en": f"{en}; nothing was said of them before"}
        said = float(judged["p_first"].sum()) / len(judged)
        came = int(judged["outcome"].eq("won").sum()) / len(judged)
        zh += f"；其中{len(judged):,}个事先有评分：平均赢单概率{said:.0%}，实际赢单{came:.0%}"
        en += f"; of {len(judged):,} it was said before: {said:.0%} would be won, {came:.0%} were"
        return {"zh": zh, "en": en}

    def by(self, column: str) -> pl.DataFrame:
        """Return what was said of 100 and what came, by source, team or product.

        Returns:
            group, deals (that something was said of), said (mean first chance), won (share),
            surprise.
        """
        told = self.deals.filter(pl.col("p_first").is_not_null(), pl.col(column).is_not_null())
        return (
            told.group_by(group=column)
            .agg(
                deals=pl.len().cast(pl.Int64),
                said=pl.col("p_first").mean(),
                won=(pl.col("outcome") == "won").mean(),
                surprise=pl.col("surprise").mean(),
            )
            .sort("deals", "group", descending=[True, False])
        )


def review(deals: pl.DataFrame, said: pl.DataFrame, span: Span) -> Review:
    """Review the deals that closed in a period.

    Args:
        deals: those in scope, with value and reason.
        said: as_of, deal_id and p_won: the chance to be won in the end, as it was told at the time.
        span: when they closed.
    """
    closed = deals.filter(pl.col("outcome") != "open", span.holds("closed_at"))
    points = (
        said.join(closed.select("deal_id", "closed_at", "outcome"), on="deal_id")
        .filter(pl.col("as_of") < pl.col("closed_at"))
        .sort("deal_id", "as_of")
    )
    came = pl.when(pl.col("outcome") == "won").then("p_won").otherwise(1 - pl.col("p_won"))
    told = points.group_by("deal_id").agg(
        said=pl.len().cast(pl.Int64),
        p_first=pl.first("p_won"),
        p_last=pl.last("p_won"),
        surprise=-came.clip(lower_bound=_LEAST).log(2.0).mean(),
    )
    columns = ("deal_id", "title", "account", "owner", "team", "source", "product", "outcome")
    rows = (
        closed.select(*columns, "closed_at", "value", "reason")
        .join(told, on="deal_id", how="left")
        .sort("surprise", "deal_id", descending=[True, False], nulls_last=True)
    )
    reasons = (
        rows.filter(pl.col("reason").is_not_null())
        .group_by("outcome", "reason")
        .agg(deals=pl.len().cast(pl.Int64), value=pl.col("value").sum())
        .sort("deals", "reason", descending=[True, False])
    )
    return Review(rows, points.select("deal_id", "as_of", "p_won"), reasons)
