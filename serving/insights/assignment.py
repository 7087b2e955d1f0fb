"""Who takes the new deals: by what sellers won of their kind, and by the hours they have free."""

from typing import Final

import narwhals as nw
import numpy as np
import polars as pl

from data.listing import Listing
from data.tables import Tables, collect
from features.held import held_then
from models.curve import Array

KINDS: Final = ("source", "product", "industry")
"""What a seller may have a record with."""
_FIRM: Final = 10.0
"""Closings by which a record is drawn towards the seller's own, and that towards all sellers'."""

SCHEMA: Final = pl.Schema(
    {
        "deal_id": pl.String(),
        "owner_id": pl.String(),
        "owner": pl.String(),
        "chance": pl.Float64(),
        "zh": pl.String(),
        "en": pl.String(),
    }
)


def assign(
    deals: pl.DataFrame, sellers: pl.DataFrame, record: pl.DataFrame, desk: Listing
) -> pl.DataFrame:
    """Give each new deal a seller so that the sum of amount × share won is greatest.

    Each seller takes as many as first actions fit into the hours that are free. This is the
    linear assignment problem, solved by scipy (Crouse 2016).

    Args:
        deals: those without a seller: deal_id, amount, and `KINDS`.
        sellers: owner_id, owner, free_hours.
        record: see `track_record`.
        desk: what a first action takes.

    Returns:
        The columns of `SCHEMA`, a row for each deal that somebody takes: its share won, shrunk,
        and why in zh and en.
    """
    from scipy.optimize import linear_sum_assignment  # here: scoring never needs it

    hours = desk.effort_of(desk.plan[0].channel if desk.plan else "call")
    places = (sellers["free_hours"].clip(0) / hours).floor().cast(pl.Int64)
    places = places.clip(upper_bound=max(len(deals), 1))
    slots = np.repeat(np.arange(len(sellers)), places.to_numpy())
    if deals.is_empty() or len(slots) == 0:
        return pl.DataFrame(schema=SCHEMA)
    chances = expertise(deals, sellers, record)
    amount = deals["amount"].fill_null(deals["amount"].median()).fill_null(1.0).to_numpy()
    rows, chosen = linear_sum_assignment((amount[:, None] * chances)[:, slots], maximize=True)
    told = [
        _told(
            deals.row(deal, named=True),
            sellers.row(slots[slot], named=True),
            record,
            float(chances[deal, slots[slot]]),
        )
        for deal, slot in zip(rows.tolist(), chosen.tolist(), strict=True)
    ]
    return pl.DataFrame(told, schema=SCHEMA).sort("deal_id")


def track_record(tables: Tables, as_of: int) -> pl.DataFrame:
    """Return what sellers won and closed by a moment: owner_id, of, word, won, closed.

    `of` is one of `KINDS`, or "all" with the word "". A deal counts for the seller who had it
    when its closing became known.
    """
    known = tables.known_by(as_of)
    closed = known.deals.filter(~nw.col("closed_recorded_at").is_null())
    at = closed.select("deal_id", as_of="closed_recorded_at")
    owners = held_then(known, at, "owner_id").drop("as_of")
    accounts = known.accounts.select("account_id", "industry")
    rows = collect(
        closed.join(owners, on="deal_id")
        .join(accounts, on="account_id", how="left")
        .select("owner_id", "source", "product", "industry", "outcome")
    ).drop_nulls("owner_id")
    won = (pl.col("outcome") == "won").sum().cast(pl.Int64)
    counts = {"won": won, "closed": pl.len().cast(pl.Int64)}
    told = [
        rows.drop_nulls(kind)
        .group_by("owner_id", word=pl.col(kind))
        .agg(**counts)
        .select("owner_id", pl.lit(kind).alias("of"), "word", "won", "closed")
        for kind in KINDS
    ]
    overall = rows.group_by("owner_id").agg(**counts)
    told.append(
        overall.select(
            "owner_id", pl.lit("all").alias("of"), pl.lit("").alias("word"), "won", "closed"
        )
    )
    return pl.concat(told)


def expertise(deals: pl.DataFrame, sellers: pl.DataFrame, record: pl.DataFrame) -> Array:
    """Return each seller's share won of deals of each deal's kind, [deals, sellers].

    A seller's share with a source, product or industry is drawn towards the seller's own share,
    and that towards all sellers': (won + s · p) / (closed + s). The mean over what is known of
    the deal.
    """
    counts = {(o, of, word): (won, closed) for o, of, word, won, closed in record.iter_rows()}
    everyone = record.filter(pl.col("of") == "all")
    mean = (int(everyone["won"].sum()) + 1.0) / (int(everyone["closed"].sum()) + 2.0)

    def share(owner: str, of: str, word: str, towards: float) -> float:
        won, closed = counts.get((owner, of, word), (0, 0))
        return float((won + _FIRM * towards) / (closed + _FIRM))

    shares = np.zeros((len(deals), len(sellers)))
    for column, owner in enumerate(sellers["owner_id"]):
        own = share(owner, "all", "", mean)
        for row, deal in enumerate(deals.select(KINDS).iter_rows(named=True)):
            known = [share(owner, of, word, own) for of, word in deal.items() if word is not None]
            shares[row, column] = np.mean(known or [own])
    return shares


def _told(
    deal: dict[str, str], seller: dict[str, str | float], record: pl.DataFrame, chance: float
) -> dict[str, object]:
    own = record.filter(pl.col("owner_id") == seller["owner_id"])
    zh, en = [], []
    for of in KINDS:
        found = own.filter(pl.col("of") == of, pl.col("word").eq_missing(deal[of]))
        if len(found):
            won, closed = found.row(0)[3:]
            zh.append(f"{deal[of]}：{closed}个中赢{won}个")
            en.append(f"{deal[of]}: won {won} of {closed}")
    free = f"{seller['free_hours']:.1f}"
    return {
        "deal_id": deal["deal_id"],
        "owner_id": seller["owner_id"],
        "owner": seller["owner"],
        "chance": chance,
        "zh": "；".join([*zh, f"空闲工时{free}"]),
        "en": "; ".join([*en, f"{free} hours free"]),
    }
