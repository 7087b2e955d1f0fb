"""What a column's values say: checks of what stands in a deal's own row against its outcome."""

import math
from typing import Final

import numpy as np
import polars as pl

from data import parsing
from data.moments import DAY
from features.audit import alone
from features.audit.alone import Bools
from features.audit.finding import Evidence, Weight
from features.audit.records import Records

TOO_GOOD: Final = 0.9
"""An AUC that no single fact known at the start is expected to reach."""
_ONE_SIDED: Final = 0.99
"""A share of one outcome from which the other counts as noise."""
_CHANCE: Final = -math.log(1e-6)
"""How surprising, in nats, a one-sided group of deals must be: one in a million by chance."""
_SOME: Final = 0.01
"""A share of deals below which words of one outcome are a curiosity."""
_MUCH: Final = 0.6
"""An AUC from which it is worth a remark that empty fields tell the outcome."""


def value_evidence(name: str, records: Records) -> list[Evidence]:
    """Return what the values of a column give away."""
    values, closed = records.values[name], records.closed
    known, won = values.filter(pl.Series(closed)), records.won[closed]
    groups = records.groups.filter(pl.Series(closed))
    return [
        *_filled_for_one(known, won, groups),
        *_only_when_closed(values, records),
        *_words_of_one(known, won, groups),
        *_date_of_closing(known, records),
        *_alone(known, won),
        *_empty(known, won),
    ]


def _alone(values: pl.Series, won: Bools) -> list[Evidence]:
    """Single-feature AUC, forward in time."""
    auc = alone.forward(values, won)
    if auc is None or auc.low <= 0.5:
        return []
    told = f"{auc.value:.2f}"
    if auc.low >= TOO_GOOD:
        zh, en = f"单凭它即可判断结局（AUC {told}）", f"alone it tells the outcome (AUC {told})"
        return [Evidence("alone", "proof", auc.value, zh, en)]
    zh, en = f"与结局有关（AUC {told}）", f"goes with the outcome (AUC {told})"
    return [Evidence("alone", "values", auc.value, zh, en)]


def _empty(values: pl.Series, won: Bools) -> list[Evidence]:
    """Missing-indicator against outcome."""
    auc = alone.filled(values, won)
    if auc is None or auc.low < _MUCH:
        return []
    told = f"{auc.value:.2f}"
    zh, en = f"是否填写与结局有关（AUC {told}）", f"whether it is filled goes with it (AUC {told})"
    return [Evidence("empty", "remark", auc.value, zh, en)]


def _filled_for_one(values: pl.Series, won: Bools, groups: pl.Series) -> list[Evidence]:
    """Columns filled only for one outcome."""
    there = values.is_not_null()
    if not there.any() or there.all():
        return []
    share_won = float(won[there.to_numpy()].mean())
    side = _one_sided(share_won, groups.filter(there).n_unique(), won.mean())
    if side is None:
        return []
    (zh, en), n = side, int(there.sum())
    zh, en = f"几乎只在{zh}时填写（{n:,} 个）", f"filled only for {en} ({n:,} of them)"
    return [Evidence("filled_for_one", "proof", n / len(values), zh, en)]


def _one_sided(share_won: float, n: int, rate: float) -> tuple[str, str] | None:
    """Return the one outcome that some deals had, in zh and en, unless chance may explain it.

    Args:
        share_won: the share of them that was won.
        n: of how many accounts they are: one that always buys is no pattern.
        rate: the share won of all.
    """
    for share, base, words in ((share_won, rate, _WON), (1 - share_won, 1 - rate, _LOST)):
        if share >= _ONE_SIDED and 0 < base < 1 and -n * math.log(base) > _CHANCE:
            return words
    return None


_WON: Final = ("赢单", "won deals")
_LOST: Final = ("输单", "lost deals")


def _words_of_one(values: pl.Series, won: Bools, groups: pl.Series) -> list[Evidence]:
    """Categories, or single numbers, seen only with one outcome."""
    counts = (
        pl.DataFrame({"word": values.cast(pl.String), "won": won, "group": groups})
        .drop_nulls()
        .group_by("word")
        .agg(pl.len(), pl.col("won").mean(), pl.col("group").n_unique())
        .sort("len", "word", descending=[True, False])
    )
    rate = float(won.mean()) if len(won) else 0.0
    pure = [
        (word, n)
        for word, n, share_won, accounts in counts.iter_rows()
        if _one_sided(share_won, accounts, rate) is not None
    ]
    if not pure or len(counts) == 1:
        return []
    share = sum(n for _, n in pure) / len(won)
    words = ", ".join(word[:30] for word, _ in pure[:3])
    zh = f"只见于一种结局的取值：{words}（占 {share:.1%}）"
    en = f"words seen with one outcome only: {words} ({share:.1%} of deals)"
    return [Evidence("words_of_one", "proof" if share >= _SOME else "remark", share, zh, en)]


def _only_when_closed(values: pl.Series, records: Records) -> list[Evidence]:
    """Columns that open deals never have: compared with closed ones that began no earlier."""
    created, closed = records.values["created_at"].to_numpy(), records.closed
    if closed.all() or not closed.any():
        return []
    there = values.is_not_null().to_numpy()
    beside = closed & (created >= np.quantile(created[~closed], 0.1))
    held, held_open = int(there[beside].sum()), int(there[~closed].sum())
    return only_when_closed(held, int(beside.sum()), held_open, int((~closed).sum()), "proof")


def only_when_closed(
    held: int, closed: int, held_open: int, open_deals: int, weight: Weight
) -> list[Evidence]:
    """Judge what some closed deals have and open ones do not, unless chance may explain it.

    Args:
        held: closed deals that have it.
        closed: how many are closed.
        held_open: open deals that have it.
        open_deals: how many are open.
        weight: of the evidence.
    """
    share, share_open = (held + 0.5) / (closed + 1), held_open / max(open_deals, 1)
    if share_open > 1 - _ONE_SIDED or -open_deals * math.log(1 - share) <= _CHANCE:
        return []
    zh = f"仅已结商机才有：已结 {share:.0%}，未结 {share_open:.0%}"
    en = f"only closed deals have it: {share:.0%} of closed, {share_open:.0%} of open"
    return [Evidence("only_when_closed", weight, share, zh, en)]


def _date_of_closing(values: pl.Series, records: Records) -> list[Evidence]:
    """Dates that are the closing's own, within a day."""
    ends = records.values["closed_at"].filter(pl.Series(records.closed))
    if values.dtype != pl.String or not ends.is_not_null().any():
        return []
    moments = parsing.moments(values)
    near = ((moments - ends).abs() <= DAY).drop_nulls()
    share = float(near.sum()) / max(values.len() - values.null_count(), 1)
    if share < 0.5:
        return []
    zh, en = f"{share:.0%} 为结单之日", f"the day of the closing in {share:.0%}"
    return [Evidence("date_of_closing", "proof", share, zh, en)]
