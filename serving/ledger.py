"""The ledger: who was told which score of what deal, when, by which bundle, and what came of it.

Jobs and pushes write in the transaction of what they say. Requests hand their rows to a thread,
which writes them within a second, so that no answer waits for it; a crash may lose that second.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from operator import itemgetter
from threading import Lock
from typing import Any, Final, Literal, TypeAlias

import polars as pl
import sqlalchemy as sa
import structlog

from data.bulk import append, read, writing
from data.database import contract_tables
from data.erasure import pseudonyms
from data.errors import BadInput, NotReady
from data.ledger import scores
from data.standing import standing
from models.reasons import Explanation
from serving import telemetry
from serving.access.reach import Reach
from serving.scorer import Scorer
from serving.scores import Scores
from serving.threads import ServiceThread

Kind = Literal["request", "by-id", "push", "list", "batch"]
KINDS: Final[tuple[Kind, ...]] = ("request", "by-id", "push", "list", "batch")
Row: TypeAlias = dict[str, Any]
Entry: TypeAlias = tuple[Any, ...]
"""A row of the ledger: the values of `_COLUMNS`."""

_MOST_WAITING: Final = 50_000
"""Rows that may wait to be written; whoever brings more is told to come again."""
_REFUSED: Final = (sa.exc.DataError, sa.exc.IntegrityError, BadInput, ValueError, OverflowError)
"""What a database, or its driver, says where the row is at fault."""
_TO_WHOM: Final = ("reasons", "at", "kind", "caller", "request_id")
_SAID: Final = tuple(
    name
    for name in scores.c.keys()  # noqa: SIM118
    if name not in ("score_id", *_TO_WHOM)
)
_COLUMNS: Final = (*_SAID, *_TO_WHOM)
_PIPELINE, _DEAL = (_COLUMNS.index(name) for name in ("pipeline", "deal_id"))
_said_of: Final = itemgetter(*_SAID)
log = structlog.get_logger()


@dataclass(frozen=True)
class Told:
    """To whom something was said, and how.

    Attributes:
        at: when (microseconds of UTC).
        kind: what was asked.
        caller: key:<id>, user:<id> or job:<name>.
        request_id: of the request, where there was one.
    """

    at: int
    kind: Kind
    caller: str
    request_id: str | None = None

    def rows(self, said: Iterable[Row]) -> list[Entry]:
        """Return the ledger's rows of standing rows, or of others with the same names."""
        to_whom = self.at, self.kind, self.caller, self.request_id
        return [(*_said_of(one), one.get("reasons"), *to_whom) for one in said]


def hash_of(reasons: Sequence[Any] | None) -> str | None:
    """Return what tells one set of reasons from another."""
    if reasons is None:
        return None
    said = [vars(reason) for reason in reasons]
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def entries(scorer: Scorer, scores: Scores) -> list[Row]:
    """Return what the ledger says of scores, without to whom they were told."""
    bundle = scorer.bundle
    head = {
        "pipeline": bundle.pipeline.name,
        "bundle": bundle.name,
        "served_by": bundle.serves,
    }
    whys: Sequence[Explanation | None] = scores.why or [None] * len(scores.rows)
    told = zip(scores.graded().to_dicts(), scores.eventually().to_dicts(), strict=True)
    return [
        {
            **head,
            "deal_id": row["deal_id"],
            "as_of": as_of,
            "score": row["score"],
            "grade": row["grade"],
            "p_won": end["p_won"],
            "p_lost": end["p_lost"],
            "chances": chances,
            "reasons": hash_of(why.reasons if why else None),
        }
        for (row, end), as_of, chances, why in zip(
            told, scores.each.tolist(), scores.written(), whys, strict=True
        )
    ]


def write(transaction: sa.Connection, rows: Sequence[Entry]) -> None:
    """Write rows in the transaction of what they tell of; deals that were erased have no name."""
    append(transaction, scores, _COLUMNS, _nameless(transaction, rows))


def _nameless(transaction: sa.Connection, rows: Sequence[Entry]) -> Sequence[Entry]:
    """Put pseudonyms for deals erased since they were told, or told of in whole records after."""
    named: dict[str, set[str]] = {}
    for row in rows:
        named.setdefault(row[_PIPELINE], set()).add(row[_DEAL])
    gone = {
        (pipeline, deal): told
        for pipeline, deals in named.items()
        for deal, told in pseudonyms(transaction, pipeline, "deal", deals).items()
    }
    if not gone:
        return rows
    return [
        (*row[:_DEAL], gone.get((row[_PIPELINE], row[_DEAL]), row[_DEAL]), *row[_DEAL + 1 :])
        for row in rows
    ]


def enter(engine: sa.Engine, told: Told, said: Sequence[Row]) -> None:
    """Write what a job says, and return when it is written."""
    with writing(engine) as transaction:
        write(transaction, told.rows(said))


def prune(engine: sa.Engine, before: int) -> int:
    """Delete what was said before a moment, and return how many rows that were."""
    with writing(engine) as transaction:
        return transaction.execute(sa.delete(scores).where(scores.c.at < before)).rowcount


@dataclass(frozen=True)
class Asked:
    """Which rows of the ledger are wanted; what is None does not matter."""

    pipeline: str | None = None
    deal_id: str | None = None
    bundle: str | None = None
    caller: str | None = None
    kind: Kind | None = None
    since: int | None = None
    until: int | None = None


def find(
    connection: sa.Connection, asked: Asked, reach: Reach, before: int | None, limit: int
) -> list[Row]:
    """Return rows of the ledger, the newest first, each with what came of its deal.

    Args:
        connection: the database.
        asked: which of them.
        reach: which deals the caller may see; with a limit, only those that are open now.
        before: only rows with a smaller score_id: the last one of the page before.
        limit: how many at most.
    """
    deals = contract_tables["deals"]
    same = sa.and_(deals.c.pipeline == scores.c.pipeline, deals.c.deal_id == scores.c.deal_id)
    query = sa.select(scores, deals.c.outcome, deals.c.closed_at)
    both = sa.outerjoin(scores, deals, same)
    if not reach.whole:  # who holds a deal is known of the open ones
        now = sa.and_(
            standing.c.pipeline == scores.c.pipeline, standing.c.deal_id == scores.c.deal_id
        )
        both = both.join(standing, now)
        query = reach.select(query, standing.c.owner_id, standing.c.team)
    query = query.select_from(both).where(*_wanted(asked))
    if before is not None:
        query = query.where(scores.c.score_id < before)
    query = query.order_by(scores.c.score_id.desc()).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def said(connection: sa.Connection, asked: Asked) -> pl.DataFrame:
    """Return what was said at each horizon, once for each deal, moment and bundle.

    Returns:
        pipeline, deal_id, as_of, bundle, served_by, days, p_won, p_lost; moments are microseconds
        of UTC. `serving.insights.accuracy` says what came of it.
    """
    names = ("pipeline", "deal_id", "as_of", "bundle", "served_by", "chances")
    query = sa.select(*(scores.c[name] for name in names)).where(*_wanted(asked)).distinct()
    chance = pl.List(pl.List(pl.Float64))
    told = read(connection, query).with_columns(pl.col("chances").str.json_decode(chance))
    at = {name: place for place, name in enumerate(("days", "p_won", "p_lost"))}
    return (
        told.explode("chances", empty_as_null=False)
        .with_columns(**{name: pl.col("chances").list.get(place) for name, place in at.items()})
        .with_columns(pl.col("days").cast(pl.Int64))
        .drop("chances")
        .unique()  # what is said twice may be written in two ways
        .sort("deal_id", "as_of", "bundle", "days")
    )


def _wanted(asked: Asked) -> list[sa.ColumnElement[bool]]:
    equal = ("pipeline", "deal_id", "bundle", "caller", "kind")
    wanted = [scores.c[n] == getattr(asked, n) for n in equal if getattr(asked, n) is not None]
    if asked.since is not None:
        wanted.append(scores.c.at >= asked.since)
    if asked.until is not None:
        wanted.append(scores.c.at < asked.until)
    return wanted


@dataclass
class Writer(ServiceThread):
    """Writes what requests were told, in a thread of its own.

    Attributes:
        engine: the database.
    """

    called = "ledger"
    every_seconds = 0.8
    engine: sa.Engine
    _waiting: list[Entry] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, rows: list[Entry]) -> None:
        """Hand over rows to be written within a second.

        Raises:
            NotReady: too many wait already: what is not recorded is not told.
        """
        with self._lock:
            if len(self._waiting) >= _MOST_WAITING:
                raise NotReady("the ledger cannot keep up", remedy="try again soon")
            self._waiting += rows

    def stop(self) -> None:
        """End, and write what waits."""
        super().stop()
        self._try_round()
        if self._waiting:
            log.error("the ledger ends before all is written", entries=len(self._waiting))

    def _round(self) -> None:
        """Write what waits; until it is written it goes on waiting."""
        left = most = len(self._waiting)
        while left:
            with self._lock:
                part = self._waiting[: min(most, left)]
            refused = self._refused(part)
            if refused is not None and len(part) > 1:  # one of them: the others shall not wait
                most = len(part) // 2
                continue
            with self._lock:
                del self._waiting[: len(part)]
            left, most = left - len(part), 2 * len(part)
            if refused is not None:
                self._lose(part[0], refused)

    def _refused(self, rows: list[Entry]) -> Exception | None:
        """Write all of some rows or none; return why they cannot be, where a row is at fault."""
        try:
            with writing(self.engine) as transaction:
                write(transaction, rows)
        except _REFUSED as error:
            return error
        return None

    def _lose(self, row: Entry, error: Exception) -> None:
        """Tell of an entry that is not written, but not of which deal: logs outlast its erasure."""
        telemetry.lost_entries.inc()
        said = dict(zip(_COLUMNS, row, strict=True))
        about = {name: said[name] for name in ("pipeline", "caller", "request_id")}
        self._tell("the ledger loses an entry that is refused", error, **about)
