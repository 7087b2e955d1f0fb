"""Tallies: what is known of owners, teams, accounts, sources, products and rivals, as of then.

A deal's own history cannot say it. A fact adds to a tally from the moment it became known: a
closing adds one closed, a deal that passes to a seller adds one open and takes it off again when
it closes or passes on. So what stood at a moment is a running sum. In training it is read at each
snapshot; a bundle keeps what stood when it was trained (`Context.tallies`), so that a whole record
is scored by what a batch knows.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import narwhals as nw
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

Stood: TypeAlias = Callable[[str], tuple[Frame, list[str]]]
"""Tells of one kind of key what stood, and by which columns it is joined to snapshots."""


def counts(of: str) -> tuple[str, ...]:
    """Return what is counted of one kind of key: deals won and closed, and more of some."""
    return ("won", "closed", *_MORE.get(of, ()))


def whose(context: Context) -> dict[str, str]:
    """Return `KEYS` without the rival, where the mapping declares no attribute for one."""
    return {of: key for of, key in KEYS.items() if of != "rival" or context.rivals}


def with_tallies(rows: Frame, tables: Tables, context: Context) -> Frame:
    """Add <of>_<what> for each of `whose` and its `counts`: what stood, as known at as_of.

    They are null where the deal has no owner, account, source …, and 0 of a new one.
    """
    rows = rows.with_columns(everyone=nw.lit(""))
    if context.tallies is None:
        stood = _as_of_then(rows, tables, context)
    else:
        stood = _kept(tables, context.tallies)
    for of, key in whose(context).items():
        known, on = stood(of)
        somebody = ~nw.col(key).is_null()  # nobody's tally is unknown, a new one's is empty
        named = {
            f"{of}_{name}": nw.when(somebody).then(nw.col(name).fill_null(_EMPTY[name]))
            for name in counts(of)
        }
        rows = rows.join(known, on=on, how="left").with_columns(**named).drop(*counts(of))
    happened = nw.when(nw.col("account_won_at") > NEVER).then("account_won_at")
    return rows.with_columns(account_won_at=happened)


def counted(tables: Tables, context: Context, moment: int) -> pl.DataFrame:
    """Tell what stood at a moment: the columns of `TALLIES`, sorted by of and key.

    Args:
        tables: cut at the moment.
        context: names the attributes and the window.
        moment: in microseconds of UTC.
    """
    facts = _facts(tables, context)
    latest = {name: nw.col(name).sum() for name in _EMPTY} | {"won_at": nw.col("won_at").max()}
    stood = [
        collect(facts(of).filter(nw.col("as_of") <= moment).group_by(key).agg(**latest))
        .rename({key: "key"})
        .with_columns(of=pl.lit(of))
        .select(TALLIES.names())
        for of, key in whose(context).items()
    ]
    return pl.concat(stood).cast(TALLIES).sort("of", "key")


def _kept(tables: Tables, kept: pl.DataFrame) -> Stood:
    def stood(of: str) -> tuple[Frame, list[str]]:
        key, own = KEYS[of], kept.filter(pl.col("of") == of)
        return tables.put(own.select(pl.col("key").alias(key), *counts(of))), [key]

    return stood


def _as_of_then(rows: Frame, tables: Tables, context: Context) -> Stood:
    """Sum up the facts of each key, and read the sums at the moments asked for."""
    facts = _facts(tables, context)

    def stood(of: str) -> tuple[Frame, list[str]]:
        key, empty = KEYS[of], {name: nw.lit(_EMPTY[name], nw.Int64) for name in counts(of)}
        asked = rows.select(key, "as_of").unique().filter(~nw.col(key).is_null())
        asked = asked.select(key, "as_of", **empty, asked=nw.lit(1, nw.Int64))
        known = facts(of).select(key, "as_of", *counts(of), asked=nw.lit(0, nw.Int64))
        runs = {name: nw.col(name).cum_sum() for name in counts(of) if name != "won_at"}
        if "won_at" in counts(of):
            runs["won_at"] = nw.col("won_at").cum_max()
        order = ("as_of", "asked")
        both = nw.concat([known, asked], how="vertical").with_columns(
            **{name: run.over(key, order_by=order) for name, run in runs.items()}
        )
        read = both.filter(nw.col("asked") == 1).select(key, "as_of", *counts(of))
        return read, [key, "as_of"]

    return stood


def _facts(tables: Tables, context: Context) -> Callable[[str], Frame]:
    """Return what gives the facts of one kind of key: a row each, with as_of and what it adds."""
    closed = tables.put(collect(closings(tables, context)))  # once for all keys

    def facts(of: str) -> Frame:
        key, found = KEYS[of], [_adding(closed, KEYS[of], won="won", closed=1, won_at="won_at")]
        if "open" in counts(of):
            spans = _held_spans(tables) if of == "owner" else _spans(tables)
            found += _while("open", spans, key)
        if "done" in counts(of):
            found += _while("done", _done_spans(tables, context), key)
        return nw.concat(found, how="vertical").filter(~nw.col(key).is_null())

    return facts


def _while(name: str, spans: Frame, key: str) -> Iterator[Frame]:
    """Add one where a span begins, and take it off where it ends."""
    yield _adding(spans.rename({"begins": "as_of"}), key, **{name: 1})
    ended = spans.filter(~nw.col("ends").is_null())
    yield _adding(ended.rename({"ends": "as_of"}), key, **{name: -1})


def _adding(frame: Frame, key: str, **adds: int | str) -> Frame:
    """Say what each row of a frame adds: numbers, or the columns that hold them."""
    told: dict[str, int | str] = {**_EMPTY, **adds}
    columns = {
        name: (nw.col(value) if isinstance(value, str) else nw.lit(value)).cast(nw.Int64)
        for name, value in told.items()
    }
    return frame.select(nw.col(key).cast(nw.String), "as_of", **columns)


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
