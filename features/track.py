"""Track records: how the deals of an owner, an account, a source or a product ended, as of then.

A deal's own history cannot say it. In training the closings known at each snapshot are counted;
a bundle keeps the counts as they stood when it was trained (`Context.closings`), so that a whole
record is scored by what a batch knows. A share of few closings says little, so it is drawn towards
the share of all by the strength that the data themselves show (empirical Bayes).
"""

from typing import Final

import narwhals as nw
import numpy as np
import polars as pl

from data.tables import Frame, Tables, collect
from features.context import Context
from features.held import held_then

KEYS: Final = {
    "all": "everyone",
    "owner": "owner_id",
    "account": "account_id",
    "source": "source",
    "product": "product",
}
"""Whose record, and the column that says which."""
_FIRM: Final = (1.0, 1000.0)
"""Bounds of a strength, in closings."""


def share_won(of: str, context: Context) -> nw.Expr:
    """Share of deals won among those closed, drawn towards the share of all; null of nobody.

    (won + s · p) / (closed + s), with p the share of all and s the strength: the mean of a beta
    posterior.
    """
    strength = dict(context.strengths).get(of, _FIRM[1])
    everyone = (nw.col("all_won") + 0.5) / (nw.col("all_closed") + 1.0)
    return (nw.col(f"{of}_won") + strength * everyone) / (nw.col(f"{of}_closed") + strength)


def closings(tables: Tables) -> Frame:
    """Return a row per closed deal: as_of (when that became known), won (0 or 1) and all `KEYS`.

    The owner is who held the deal then.
    """
    closed = tables.deals.filter(~nw.col("closed_recorded_at").is_null()).select(
        "deal_id",
        "account_id",
        "source",
        "product",
        as_of="closed_recorded_at",
        won=(nw.col("outcome") == "won").cast(nw.Int64),
        everyone=nw.lit(""),
    )
    owners = held_then(tables, closed.select("deal_id", "as_of"), "owner_id")
    return closed.join(owners, on="deal_id")


def with_records(rows: Frame, tables: Tables, context: Context) -> Frame:
    """Add <whose>_won and <whose>_closed for each of `KEYS`: how many were, as known at as_of.

    They are null where the deal has no owner, account, source or product.
    """
    rows = rows.with_columns(everyone=nw.lit(""))
    kept = context.closings
    if kept is None:
        known, moment = closings(tables), ["as_of"]
        counts = {of: _as_of_then(rows, known, key) for of, key in KEYS.items()}
    else:
        moment, counts = [], {of: _kept(tables, kept, of, key) for of, key in KEYS.items()}
    for of, key in KEYS.items():
        whose = ~nw.col(key).is_null()  # nobody's record is unknown, a new one's is empty
        named = {
            f"{of}_{name}": nw.when(whose).then(nw.col(name).fill_null(0))
            for name in ("won", "closed")
        }
        rows = rows.join(counts[of], on=[key, *moment], how="left")
        rows = rows.with_columns(**named).drop("won", "closed")
    return rows


def counted(tables: Tables) -> pl.DataFrame:
    """Count the closings of tables cut at a moment: of, key, won, closed; sorted."""
    known = collect(closings(tables))
    counts = [
        known.filter(pl.col(key).is_not_null())
        .group_by(pl.col(key).alias("key"))
        .agg(pl.col("won").sum(), closed=pl.len().cast(pl.Int64))
        .select(pl.lit(of).alias("of"), "key", "won", "closed")
        for of, key in KEYS.items()
    ]
    return pl.concat(counts).sort("of", "key")


def strengths(counts: pl.DataFrame) -> tuple[tuple[str, float], ...]:
    """Estimate how much each kind of record varies beyond chance, by the method of moments.

    For a beta-binomial with mean p and strength s the shares vary by p (1 - p) / (s + 1) beyond
    sampling (Kleinman 1973): s is found from their weighted variance.

    Args:
        counts: see `counted`.

    Returns:
        Each kind with its strength in closings, within `_FIRM`.
    """
    return tuple(
        (of, _strength(rows["won"].to_numpy(), rows["closed"].to_numpy()))
        for of in KEYS
        if of != "all"
        for rows in [counts.filter(pl.col("of") == of)]
    )


def _strength(won: np.ndarray, closed: np.ndarray) -> float:
    total = closed.sum()
    if len(closed) < 2 or not 0 < won.sum() < total:
        return _FIRM[1]
    p = won.sum() / total
    excess = (closed * (won / closed - p) ** 2).sum() - (len(closed) - 1) * p * (1 - p)
    between = excess / (total - (closed**2).sum() / total)
    return float(np.clip(p * (1 - p) / between - 1, *_FIRM)) if between > 0 else _FIRM[1]


def _kept(tables: Tables, kept: pl.DataFrame, of: str, key: str) -> Frame:
    return tables.put(
        kept.filter(pl.col("of") == of).select(pl.col("key").alias(key), "won", "closed")
    )


def _as_of_then(rows: Frame, known: Frame, key: str) -> Frame:
    """Count running sums over the closings of a key, and read them at the moments asked for."""
    asked = rows.select(key, "as_of").unique().filter(~nw.col(key).is_null())
    number = {"won": nw.lit(0, nw.Int64), "closed": nw.lit(0, nw.Int64), "asked": nw.lit(1)}
    questions = asked.select(key, "as_of", **number)
    facts = known.select(key, "as_of", "won", closed=nw.lit(1, nw.Int64), asked=nw.lit(0))
    order = ("as_of", "asked")
    counts = nw.concat([facts, questions], how="vertical").with_columns(
        won=nw.col("won").cum_sum().over(key, order_by=order),
        closed=nw.col("closed").cum_sum().over(key, order_by=order),
    )
    return counts.filter(nw.col("asked") == 1).select(key, "as_of", "won", "closed")
