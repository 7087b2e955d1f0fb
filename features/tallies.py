"""Tallies: what is known of owners, teams, accounts, sources, products and rivals, as of then.

A deal's own history cannot say it. A fact adds to a tally from the moment it became known: a
closing adds one closed, a deal that passes to a seller adds one open and takes it off again when
it closes or passes on. So what stood at a moment is a running sum. In training it is read at each
snapshot; a bundle keeps what stood when it was trained (`Context.tallies`), so that a whole record
is scored by what a batch knows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

import narwhals as nw
import numpy as np
import polars as pl

from data.moments import DAY
from data.tables import Frame, Tables, collect
from features.context import TALLIES, Context
from features.held import held_then

KEYS: Final = {
    "all": "everyone",
    "owner": "owner_id",
    "team": "team",
    "account": "account_id",
    "source": "source",
    "product": "product",
    "rival": "competitor",
}
"""Whose tally, and the column that says which."""
NEVER: Final = -(2**62)
"""Stands for "has not happened" in a running maximum."""
_EMPTY: Final = {"won": 0, "closed": 0, "open": 0, "done": 0, "won_at": NEVER}
"""What is counted, and where it begins: all are sums, but the last is the latest moment."""
_MORE: Final = {"owner": ("open", "done"), "account": ("open", "won_at")}
_NO_WORD: Final = nw.lit(None).cast(nw.String)

Places: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Stood: TypeAlias = Callable[[str, pl.DataFrame], pl.DataFrame]
"""Given a kind of key, and rows of it with as_of, returns what stood of each row's key then."""


def counts(of: str) -> tuple[str, ...]:
    """Return what is counted of one kind of key: deals won and closed, and more of some."""
    return ("won", "closed", *_MORE.get(of, ()))


def whose(context: Context) -> dict[str, str]:
    """Return `KEYS` without the rival, where the mapping declares no attribute for one."""
    return {of: key for of, key in KEYS.items() if of != "rival" or context.rivals}


def with_tallies(rows: pl.DataFrame, stood: Stood, context: Context) -> pl.DataFrame:
    """Add <of>_<what> for each of `whose` and its `counts`: what stood, as known at as_of.

    They are null where the deal has no owner, account, source …, and 0 of a new one.
    """
    rows, told = rows.with_columns(everyone=pl.lit("")), []
    for of, key in whose(context).items():
        somebody = pl.col(key).is_not_null()  # nobody's tally is unknown, a new one's is empty
        named = {
            f"{of}_{name}": pl.when(somebody).then(pl.col(name).fill_null(_EMPTY[name]))
            for name in counts(of)
        }
        found = stood(of, rows.select(key, "as_of")).with_columns(rows[key])
        told += found.select(**named).get_columns()
    happened = pl.when(pl.col("account_won_at") > NEVER).then("account_won_at")
    return rows.with_columns(told).with_columns(account_won_at=happened)


def counted(tables: Tables, context: Context, moment: int) -> pl.DataFrame:
    """Tell what stood at a moment: the columns of `TALLIES`, sorted by of and key.

    Args:
        tables: cut at the moment.
        context: names the attributes and the window.
        moment: in microseconds of UTC.
    """
    stood = [
        known.select(
            pl.lit(of).alias("of"),
            pl.col(KEYS[of]).alias("key"),
            *(pl.col(n) if n in counts(of) else pl.lit(e).alias(n) for n, e in _EMPTY.items()),
        )
        .select(TALLIES.names())
        .cast(TALLIES)
        for of, known in _known(tables, context, pl.Series([moment])).items()
    ]
    return pl.concat(stood).sort("of", "key")


def standing(tables: Tables, context: Context, moments: pl.Series) -> Stood:
    """Return what tells the tallies at some moments: those kept, or those counted as of then.

    Args:
        tables: the contract's tables, of all deals.
        context: names the attributes and the window, and holds what was kept.
        moments: that will be asked about, sorted, each once.
    """
    if context.tallies is not None:
        return _kept(context.tallies)
    known = _known(tables, context, moments)
    ledgers = {of: _Ledger.of(known[of], KEYS[of], moments) for of in known}
    return lambda of, rows: ledgers[of].read(rows)


@dataclass(frozen=True)
class _Ledger:
    """What stood of each key of one kind, from moment to moment, in one sorted run of numbers.

    A key and a moment are one number, so that reading is a search in an array.

    Attributes:
        moments: that may be asked about, sorted.
        keys: the key's column and `number`, from 0.
        places: `number` by how many moments there are, and the place of the moment; ascending,
            below a first one that nothing is asked at.
        stood: by place, what stood from then on, and null in the first row.
    """

    moments: pl.Series
    keys: pl.DataFrame
    places: Places
    stood: pl.DataFrame

    @classmethod
    def of(cls, known: pl.DataFrame, key: str, moments: pl.Series) -> Self:
        """Take the frame that `_summed` gives of a kind, whose key is in the column `key`."""
        keys = (
            known.select(pl.col(key).unique()).with_row_index("number").cast({"number": pl.Int64})
        )
        rows = known.join(keys, on=key, how="left", maintain_order="left")
        places = rows["number"] * len(moments) + moments.search_sorted(rows["as_of"])
        order, stood = places.arg_sort(), known.drop(key, "as_of")
        below = np.concatenate(([np.iinfo(np.int64).min], places[order].to_numpy()))
        return cls(moments, keys, below, pl.concat([stood.clear(1), stood[order]]))

    def read(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return what stood of each row's key at its as_of; null of a key that is not known."""
        key = next(name for name in rows.columns if name != "as_of")
        number = rows.join(self.keys, on=key, how="left", maintain_order="left")["number"]
        first = number.fill_null(-1).to_numpy() * len(self.moments)
        asked = first + self.moments.search_sorted(rows["as_of"]).to_numpy()
        last = np.searchsorted(self.places, asked, side="right") - 1
        return self.stood[np.where(self.places[last] < first, 0, last)]


def _kept(kept: pl.DataFrame) -> Stood:
    own = {
        of: kept.filter(pl.col("of") == of).select(pl.col("key").alias(key), *counts(of))
        for of, key in KEYS.items()
    }

    def stood(of: str, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.join(own[of], on=KEYS[of], how="left", maintain_order="left")

    return stood


def _known(tables: Tables, context: Context, moments: pl.Series) -> dict[str, pl.DataFrame]:
    """Sum up the facts of each kind of key, from one of the moments asked about to the next.

    Returns:
        By kind: the key's column, as_of (a moment at which something was added) and what stood
        then, in the order of moments.
    """
    with tables.scratch():
        facts = _facts(tables, context)
        return {of: _summed(of, facts(of), moments) for of in whose(context)}


def _summed(of: str, facts: Iterator[Frame], moments: pl.Series) -> pl.DataFrame:
    key, last = KEYS[of], "won_at"
    adds = [_added(frame, key, moments) for frame in facts]
    total = {n: pl.col(n).max() if n == last else pl.col(n).sum() for n in counts(of)}
    run = {n: pl.col(n).cum_max() if n == last else pl.col(n).cum_sum() for n in counts(of)}
    empty = [pl.col(name).fill_null(_EMPTY[name]) for name in counts(of)]
    return (
        pl.concat(adds, how="diagonal")
        .group_by(key, "as_of")
        .agg(**total)
        .with_columns(empty)
        .sort("as_of")
        .with_columns(**{name: one.over(key) for name, one in run.items()})
    )


def _added(frame: Frame, key: str, moments: pl.Series) -> pl.DataFrame:
    """Sum up what rows add to each key, from one of the moments to the next."""
    facts = collect(frame.filter(~nw.col(key).is_null()))
    after = moments.search_sorted(facts["as_of"], side="left")
    facts = facts.with_columns(as_of=after).filter(pl.col("as_of") < len(moments))
    adds = [name for name in facts.columns if name not in (key, "as_of")]
    total = [pl.col(n).max() if n == "won_at" else pl.col(n).sum() for n in adds]
    summed = facts.group_by(key, "as_of").agg(total)
    return summed.with_columns(as_of=moments.gather(summed["as_of"]))


def _facts(tables: Tables, context: Context) -> Callable[[str], Iterator[Frame]]:
    """Return what gives the facts of one kind of key: key, as_of, and what each adds."""
    closed = tables.keep(closings(tables, context))  # once for all keys

    def facts(of: str) -> Iterator[Frame]:
        key = KEYS[of]
        won_at = ["won_at"] if "won_at" in counts(of) else []
        yield closed.select(key, "as_of", "won", *won_at, closed=nw.lit(1, nw.Int64))
        if "open" in counts(of):
            yield from _while("open", _held_spans(tables) if of == "owner" else _spans(tables), key)
        if "done" in counts(of):
            yield from _while("done", _done_spans(tables, context), key)

    return facts


def _while(name: str, spans: Frame, key: str) -> Iterator[Frame]:
    """Add one where a span begins, and take it off where it ends."""
    yield spans.select(key, as_of="begins", **{name: nw.lit(1, nw.Int64)})
    ended = spans.filter(~nw.col("ends").is_null())
    yield ended.select(key, as_of="ends", **{name: nw.lit(-1, nw.Int64)})


def closings(tables: Tables, context: Context) -> Frame:
    """Return a row per closed deal: as_of (when that became known), won, won_at and all `KEYS`.

    Owner, team and rival are those of then; won is 0 or 1, won_at when it was won.
    """
    won = nw.col("outcome") == "won"
    closed = tables.deals.filter(~nw.col("closed_recorded_at").is_null())
    # a closing may be entered before its deal is
    closed = closed.with_columns(as_of=nw.max_horizontal("recorded_at", "closed_recorded_at"))
    at = closed.select("deal_id", "as_of")
    known = closed.select(
        "deal_id",
        "account_id",
        "source",
        "product",
        "as_of",
        won=won.cast(nw.Int64),
        won_at=nw.when(won).then("closed_at").otherwise(nw.lit(NEVER)),
        everyone=nw.lit(""),
        competitor=nw.col("competitor") if "competitor" in context.texts else _NO_WORD,
    )
    if "competitor" in context.tracked_texts:
        rivals = held_then(tables, at, "competitor")
        known = known.drop("competitor").join(rivals, on=["deal_id", "as_of"])
    known = known.join(held_then(tables, at, "owner_id"), on=["deal_id", "as_of"])
    return known.join(tables.owners.select("owner_id", "team"), on="owner_id", how="left")


def _spans(tables: Tables) -> Frame:
    """Return when each deal was open, with its account: account_id, begins, ends."""
    return _lasting(
        tables.deals.select("account_id", begins="recorded_at", ends="closed_recorded_at")
    )


def _lasting(spans: Frame) -> Frame:
    return spans.filter(nw.col("ends").is_null() | (nw.col("ends") > nw.col("begins")))


def _held_spans(tables: Tables) -> Frame:
    """Return when each owner held which open deal: owner_id, begins, ends."""
    moved = tables.changes.filter(nw.col("field") == "owner_id")
    moved = moved.select("deal_id", as_of="recorded_at").unique()
    held = held_then(tables, moved, "owner_id").with_columns(
        next=nw.col("as_of").shift(-1).over("deal_id", order_by="as_of")
    )
    lives = tables.deals.select("deal_id", "recorded_at", "closed_recorded_at")
    spans = held.join(lives, on="deal_id").select(
        "owner_id",
        begins=nw.max_horizontal("as_of", "recorded_at"),
        ends=nw.min_horizontal("next", "closed_recorded_at"),
    )
    return _lasting(spans)


def _done_spans(tables: Tables, context: Context) -> Frame:
    """Return for how long each activity counts as done of late: owner_id, begins, ends."""
    days = max(context.lately, default=0)
    done = tables.activities.filter(nw.col("status") == "done")
    return done.select(
        "owner_id", begins="recorded_at", ends=nw.col("recorded_at") + nw.lit(days * DAY, nw.Int64)
    )
