"""Tallies: what is known of owners, teams, accounts, sources, products and rivals, as of then.

A deal's own history cannot say it. A fact adds to a tally from the moment it became known: a
closing adds one closed, a deal that passes to a seller adds one open and takes it off again when
it closes or passes on. So what stood at a moment is a running sum. In training it is read at each
snapshot; a bundle keeps what stood when it was trained (`Context.tallies`), so that a whole record
is scored by what a batch knows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NamedTuple, Self, TypeAlias

import narwhals as nw
import numpy as np
import polars as pl

from data.moments import DAY
from data.pool import in_turn
from data.tables import Frame, Tables, collect
from features.beside import look_up_runs
from features.context import TALLIES, Context
from features.held import held_then
from features.snapshots import in_order

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
_UNKNOWN: Final = NEVER
"""Where a key stands that was never heard of: before all places."""
_NEW, _NOBODY = range(2)
"""The first rows of what stood: of a new key, and of nobody."""
_NOTHING: Final = pl.Series([None], dtype=pl.Int64)
_NO_WORD: Final = nw.lit(None).cast(nw.String)

_ALWAYS: Final = pl.Series([2**63 - 1])
"""One moment for all: what a bundle keeps stands at any."""

Places: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def counts(of: str) -> tuple[str, ...]:
    """Return what is counted of one kind of key: deals won and closed, and more of some."""
    return ("won", "closed", *_MORE.get(of, ()))


def whose(context: Context) -> dict[str, str]:
    """Return `KEYS` without the rival, where the mapping declares no attribute for one."""
    return {of: key for of, key in KEYS.items() if of != "rival" or context.rivals}


def with_tallies(rows: pl.DataFrame, stood: "Stood", context: Context) -> pl.DataFrame:
    """Add <of>_<what> for each of `whose` and its `counts`: what stood, as known at as_of.

    They are null where the deal has no owner, account, source …, and 0 of a new one.
    """
    rows = rows.hstack([pl.Series("everyone", [""]).new_from_index(0, len(rows))])
    place = np.searchsorted(stood.moments.to_numpy(), rows["as_of"].to_numpy())
    told = {
        f"{of}_{name}": column
        for of, key in whose(context).items()
        for name, column in stood.ledgers[of].read(rows[key], place).items()
    }
    won_at = told["account_won_at"]
    told["account_won_at"] = won_at.set(won_at == NEVER, None)
    return rows.hstack([column.alias(name) for name, column in told.items()])


def counted(tables: Tables, context: Context, moment: int) -> pl.DataFrame:
    """Tell what stood at a moment: the columns of `TALLIES`, sorted by of and key.

    Args:
        tables: cut at the moment.
        context: names the attributes and the window.
        moment: in microseconds of UTC.
    """
    stood = [
        ledger.last()
        .select(
            pl.lit(of).alias("of"),
            pl.col(KEYS[of]).alias("key"),
            *(pl.col(n) if n in counts(of) else pl.lit(e).alias(n) for n, e in _EMPTY.items()),
        )
        .select(TALLIES.names())
        .cast(TALLIES)
        for of, ledger in _ledgers(tables, context, pl.Series([moment])).items()
    ]
    return pl.concat(stood).sort("of", "key")


@dataclass(frozen=True)
class Stood:
    """What stood of others at some moments.

    Attributes:
        moments: that may be asked about, sorted, each once.
        ledgers: by kind of key.
    """

    moments: pl.Series
    ledgers: dict[str, "_Ledger"]

    def at_hand(self) -> Self:
        """Return the same for many questions of a few deals each."""
        return replace(self, ledgers={of: one.at_hand() for of, one in self.ledgers.items()})


def standing(tables: Tables, context: Context, moments: pl.Series) -> Stood:
    """Return the tallies at some moments: those kept, or those counted as of then.

    Args:
        tables: the contract's tables, of all deals.
        context: names the attributes and the window, and holds what was kept.
        moments: that will be asked about, sorted, each once.
    """
    if context.tallies is None:
        return Stood(moments, _ledgers(tables, context, moments))
    kept = {
        of: context.tallies.lazy()
        .filter(pl.col("of") == of)
        .select(pl.col("key").alias(key), *counts(of), place=pl.lit(0, pl.Int64))
        .collect()
        for of, key in whose(context).items()
    }
    return Stood(_ALWAYS, {of: _Ledger.of(of, [adds], 1) for of, adds in kept.items()})


@dataclass(frozen=True)
class _Ledger:
    """What stood of each key of one kind, from moment to moment, in one sorted run of numbers.

    A key and a moment are one number, so that reading is a search in an array. Nobody is a key
    like the others, of whom nothing is known.

    Attributes:
        keys: the key's column and `first`: its number by how many moments there are. Nobody's
            is 0.
        places: `first` and the place of the moment; ascending, below a first one that nothing is
            asked at.
        stood: what stood from each place on, by what is counted; at the first place what stands
            of a new key, at the second, nobody's, nothing that counts.
        firsts: `keys` as a dictionary; None where one question may be all: a dictionary is slow
            to make, and a join, which makes one of its own each time, slow to ask.
    """

    keys: pl.DataFrame
    places: Places
    stood: dict[str, Places]
    firsts: dict[str | None, int] | None = None

    @classmethod
    def of(cls, of: str, adds: Sequence[pl.DataFrame], width: int) -> Self:
        """Sum up what is added.

        Args:
            of: whose tallies.
            adds: frames with the key's column, `place` (from which of the moments on) and some
                of `counts`.
            width: how many moments may be asked about.
        """
        key, names = KEYS[of], counts(of)
        first = pl.int_range(1, pl.len() + 1, dtype=pl.Int64) * width
        added = pl.concat(adds, how="diagonal")
        known = added.select(pl.col(key).unique()).with_columns(first=first)
        total = {n: pl.col(n).max() if n == "won_at" else pl.col(n).sum() for n in names}
        run = {n: pl.col(n).cum_max() if n == "won_at" else pl.col(n).cum_sum() for n in names}
        summed = (
            added.join(known, on=key)
            .group_by(place=pl.col("first") + pl.col("place"))
            .agg(**total)
            .sort("place")
            .with_columns(pl.col(n).fill_null(_EMPTY[n]) for n in names)
            .with_columns(one.over(pl.col("place") // width).alias(n) for n, one in run.items())
        )
        nobody = pl.DataFrame({key: [None], "first": [0]}, schema=known.schema)
        stood: dict[str, Places] = {
            name: np.append([_EMPTY[name]] * 2, summed[name].to_numpy()) for name in names
        }
        places = np.append([np.iinfo(np.int64).min, 0], summed["place"].to_numpy())
        return cls(pl.concat([nobody, known]), places, stood)

    def at_hand(self) -> Self:
        """Return the same with `firsts`."""
        return replace(self, firsts=dict(self.keys.iter_rows()))

    def read(self, keys: pl.Series, place: Places) -> dict[str, pl.Series]:
        """Return what stood of each key at the place of a moment; null of nobody."""
        first = self._first(keys)
        last = np.searchsorted(self.places, first + place, side="right") - 1
        row = np.where(self.places[last] < first, _NEW, last)
        somebody = pl.Series(row != _NOBODY)
        return {
            name: pl.Series(stood[row]).zip_with(somebody, _NOTHING)
            for name, stood in self.stood.items()
        }

    def _first(self, keys: pl.Series) -> Places:
        if self.firsts is not None:
            return np.array([self.firsts.get(key, _UNKNOWN) for key in keys], np.int64)
        found, times = look_up_runs(keys, self.keys, nobody=True)
        return np.repeat(found["first"].fill_null(_UNKNOWN).to_numpy(), times)

    def last(self) -> pl.DataFrame:
        """Return each key and what stood of it, where only one moment may be asked about."""
        told = (pl.Series(name, stood[_NOBODY + 1 :]) for name, stood in self.stood.items())
        return self.keys[1:].with_columns(told)  # nobody's is the first


class _Spans(NamedTuple):
    """What is counted while it lasts.

    Attributes:
        of: of which kind of key.
        name: of the count.
        read: returns the key, begins and ends, null where it has not ended.
    """

    of: str
    name: str
    read: Callable[[Tables, Context], Frame]


def _ledgers(tables: Tables, context: Context, moments: pl.Series) -> dict[str, _Ledger]:
    """Sum up the facts of each kind of key, from one of the moments asked about to the next."""
    held = tables.changes.filter(nw.col("field").is_in(("owner_id", *context.rivals)))
    kinds, abreast = list(whose(context)), tables.host.abreast
    with tables.scratch():
        own = replace(tables, changes=tables.keep(held))
        last = [partial(_while, one, own, context, moments) for one in _SPANS]
        jobs: list[Callable[[], pl.DataFrame]] = [lambda: _closed(own, context, moments), *last]
        closed, *spans = in_turn(lambda job: job(), jobs, abreast)

    def ledger(of: str) -> _Ledger:
        adds = [adds for one, adds in zip(_SPANS, spans, strict=True) if one.of == of]
        return _Ledger.of(of, [_ended(of, closed), *adds], len(moments))

    return dict(zip(kinds, in_turn(ledger, kinds, abreast), strict=True))


def _closed(tables: Tables, context: Context, moments: pl.Series) -> pl.DataFrame:
    """Return `closings` that are known by one of the moments, with the first of those."""
    closed = collect(closings(tables, context))
    place = moments.search_sorted(closed["as_of"]).cast(pl.Int64).alias("place")
    return closed.with_columns(place).filter(place < len(moments))


def _ended(of: str, closed: pl.DataFrame) -> pl.DataFrame:
    """Add one closed, and one won, from the moment on that each closing is known by."""
    told = closed.select(
        KEYS[of],
        "place",
        *(name for name in ("won", "won_at") if name in counts(of)),
        closed=pl.lit(1, pl.Int64),
    )
    return told.filter(pl.col(KEYS[of]).is_not_null())


def _while(spans: _Spans, tables: Tables, context: Context, moments: pl.Series) -> pl.DataFrame:
    """Add one from the moment on that a span begins by, and take it off where it ends."""
    key, name = KEYS[spans.of], spans.name
    lasting = collect(spans.read(tables, context).filter(~nw.col(key).is_null()))
    begins, ends = (
        moments.search_sorted(lasting[end].fill_null(_ALWAYS[0])).cast(pl.Int64)
        for end in ("begins", "ends")
    )
    found = lasting.select(key, begins=begins, ends=ends)
    seen = found.filter(pl.col("begins") < pl.col("ends")).group_by(pl.all()).len(name)
    many = pl.col(name).cast(pl.Int64)
    begun = seen.select(key, many, place="begins")
    ended = seen.filter(pl.col("ends") < len(moments)).select(key, -many, place="ends")
    return pl.concat([begun, ended])


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


def _open_spans(tables: Tables, _: Context) -> Frame:
    """Return when each deal was open, with its account: account_id, begins, ends."""
    return tables.deals.select("account_id", begins="recorded_at", ends="closed_recorded_at")


def _held_spans(tables: Tables, _: Context) -> Frame:
    """Return when each owner held which open deal: owner_id, begins, ends."""
    moved = tables.changes.filter(nw.col("field") == "owner_id")
    moved = moved.select("deal_id", as_of="recorded_at").unique()
    held = in_order(collect(held_then(tables, moved, "owner_id")))
    same = pl.col("deal_id").shift(-1) == pl.col("deal_id")
    held = held.with_columns(next=pl.when(same).then(pl.col("as_of").shift(-1)))
    lives = collect(tables.deals.select("deal_id", "recorded_at", "closed_recorded_at"))
    spans = held.join(lives, on="deal_id").select(
        "owner_id",
        begins=pl.max_horizontal("as_of", "recorded_at"),
        ends=pl.min_horizontal("next", "closed_recorded_at"),
    )
    return nw.from_native(spans.lazy())


def _done_spans(tables: Tables, context: Context) -> Frame:
    """Return for how long each activity counts as done of late: owner_id, begins, ends."""
    days = max(context.lately, default=0)
    done = tables.activities.filter(nw.col("status") == "done")
    return done.select(
        "owner_id", begins="recorded_at", ends=nw.col("recorded_at") + nw.lit(days * DAY, nw.Int64)
    )


_SPANS: Final = (
    _Spans("owner", "open", _held_spans),
    _Spans("owner", "done", _done_spans),
    _Spans("account", "open", _open_spans),
)
