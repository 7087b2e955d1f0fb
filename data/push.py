"""Pushed facts: rows of the contract into the live tables, whatever order they come in.

Every row has a moment that it speaks of: `recorded_at`, and for a deal's own row the latest of
`recorded_at`, `closed_recorded_at` and `observed_at`. Of two rows with the same key the one that
speaks of the later moment stands; of equally late ones, the one pushed last. A moment to come
gives way to any other. So facts that come late, twice or in another order lead to the same tables.
"""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import polars as pl
import sqlalchemy as sa

from data.bulk import Merged, merge, read
from data.contract import Pipeline
from data.database import contract_tables
from data.erasure import without_erased
from data.moments import DAY, iso
from data.records import OBSERVED_AT, Normalised, normalise
from data.sheet import REJECTS, refused_rows
from data.standing import observed, standing, touched

OF_DEAL: Final = ("changes", "activities", "checklist", "contacts")
"""Tables whose rows are facts of a deal."""
_NOT_YET: Final = "lies more than a day ahead: give the moment at which it was seen"
_EVER: Final = 1 << 62
"""More than any moment."""
_DEALS: Final = contract_tables["deals"]


@dataclass(frozen=True)
class Pushed:
    """What became of the rows of one push.

    Attributes:
        rejects: the rows refused, see `data.sheet.REJECTS`.
        merged: how many rows were new, changed, or as before.
        older: how many were passed over for a row that speaks of a later moment.
        unheeded: ids of the deals whose closing was passed over so, though they stand otherwise.
        replaced: how many first values of deals were replaced by what their own rows say now.
        moved: ids of the deals that lost activities, whose ids came with other deals.
        deals: pipeline and deal_id of the deals whose score may have changed.
        waiting: ids of those of them that the database does not know yet.
    """

    rejects: pl.DataFrame
    merged: Merged
    older: int
    unheeded: list[str]
    replaced: int
    moved: list[str]
    deals: pl.DataFrame
    waiting: list[str]


def latest_likely(now: int) -> int:
    """Return the latest moment that may be known: a zone that was left out is wrong by a day."""
    return now + DAY


def touch_standing(transaction: sa.Connection, pipeline: str, now: int) -> None:
    """Say that every deal of a pipeline that has a standing score must be scored again."""
    query = sa.select(standing.c.pipeline, standing.c.deal_id).where(
        standing.c.pipeline == pipeline
    )
    touch(transaction, read(transaction, query), uuid4().hex, now)


def push(
    transaction: sa.Connection, table: str, raw: pl.DataFrame, pipeline: Pipeline, now: int
) -> Pushed:
    """Check rows of one table and put the good ones into the database.

    Args:
        transaction: from `data.bulk.pushing`; whoever wants all or nothing undoes it when there
            are rejects.
        table: a table of the contract.
        raw: rows as `data.records.normalise` takes them, each with its number (`data.sheet.ROW`).
        pipeline: whose rows these are.
        now: this moment, in microseconds of UTC.

    Raises:
        BadInput: a column that the contract and the pipeline do not have.
    """
    raw, forgotten = without_erased(transaction, table, raw, pipeline.name)
    raw, ahead = _without_ahead(table, raw, now)
    checked = _checked(table, raw, pipeline)
    merged, older, replaced = Merged(), 0, 0
    moved: list[str] = []
    for name, frame in checked.frames.items():
        newer = _newer(transaction, name, frame, checked.observed, now)
        if name == "activities":
            moved = _moved(transaction, newer)
        done = merge(transaction, contract_tables[name], newer)
        if name == table:
            merged, older = done, frame.height - newer.height
        else:  # the first changes, which deals' own rows say
            replaced = done.changed
    seen = _with_likely_rows(checked.observed, checked.frames[table], now)
    _remember(transaction, seen, pipeline.name)
    about = _about(transaction, table, checked.frames[table], pipeline.name, moved)
    return Pushed(
        rejects=pl.concat([forgotten, ahead, checked.rejects]),
        merged=merged,
        older=older,
        unheeded=_unheeded(transaction, checked.frames[table]) if table == "deals" else [],
        replaced=replaced,
        moved=moved,
        deals=about,
        waiting=_unknown(transaction, about["deal_id"], pipeline.name) if table in OF_DEAL else [],
    )


def touch(transaction: sa.Connection, deals: pl.DataFrame, push: str, now: int) -> None:
    """Say that deals must be scored again, in the transaction that writes their facts.

    Args:
        transaction: from `data.bulk.pushing`.
        deals: columns pipeline and deal_id.
        push: a word that no other push has.
        now: this moment, in microseconds of UTC.
    """
    merge(transaction, touched, deals.with_columns(push=pl.lit(push), at=pl.lit(now, pl.Int64)))


def _without_ahead(table: str, raw: pl.DataFrame, now: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows seen by now, and the rejects that those are which were not seen yet."""
    if OBSERVED_AT not in raw.columns:
        return raw, pl.DataFrame(schema=REJECTS)
    ahead = (raw[OBSERVED_AT] > latest_likely(now)).fill_null(value=False)
    told = raw.filter(ahead).with_columns(pl.col(OBSERVED_AT).map_elements(iso, pl.String))
    return raw.filter(~ahead), refused_rows(table, told, OBSERVED_AT, _NOT_YET)


def _checked(table: str, raw: pl.DataFrame, pipeline: Pipeline) -> Normalised:
    """Check rows as an ingest does, but let a fact come before its deal."""
    if table in ("changes", "activities", "checklist"):
        # where a row stands in a call is chance: it may not say which of two facts is the later
        seq = pl.col("seq").fill_null(0) if "seq" in raw.columns else pl.lit(0, pl.Int64)
        raw = raw.with_columns(seq=seq)
    known = raw["deal_id"] if table in OF_DEAL and "deal_id" in raw.columns else None
    return normalise({table: raw}, pipeline, known)


def _newer(
    transaction: sa.Connection, name: str, frame: pl.DataFrame, seen: pl.DataFrame, now: int
) -> pl.DataFrame:
    """Return the rows that do not speak of an earlier moment than what stands."""
    if frame.is_empty() or "recorded_at" not in frame.columns:
        return frame
    if name == "deals":
        stands = _deals_speak_of(transaction, frame)
        says = frame.join(seen, on="deal_id", how="left").select(
            "deal_id", speaks=pl.max_horizontal("recorded_at", "closed_recorded_at", OBSERVED_AT)
        )
        key = ["deal_id"]
    else:
        key = [one for one in _key(name) if one != "pipeline"]
        stands = _facts_speak_of(transaction, name, frame, key)
        says = frame.select(*key, speaks="recorded_at")
    late = says.join(stands, on=key).filter(_weight("speaks", now) < _weight("stands", now))
    return frame.join(late, on=key, how="anti", maintain_order="left")


def _weight(moment: str, now: int) -> pl.Expr:
    """Return what a moment counts by, of which the later one stands.

    One that can hardly be gives way to every other, so that it can be put right.
    """
    later = pl.col(moment) > latest_likely(now)
    return pl.when(later).then(pl.col(moment) - _EVER).otherwise(moment)


def _unheeded(transaction: sa.Connection, rows: pl.DataFrame) -> list[str]:
    """Return the ids of the deals that stand otherwise, of rows merged already that close them."""
    closing = rows.filter(pl.col("outcome") != "open")
    if closing.is_empty():
        return []
    end = ("deal_id", "outcome", "closed_at")
    query = sa.select(*(_DEALS.c[name] for name in end)).where(
        _DEALS.c.pipeline == closing["pipeline"][0],
        _DEALS.c.deal_id.in_(closing["deal_id"].to_list()),
    )
    stands = read(transaction, query)
    return sorted(closing.join(stands, on=end, how="anti")["deal_id"])


def _moved(transaction: sa.Connection, rows: pl.DataFrame) -> list[str]:
    """Return the ids of the deals that will lose activities to the deals of rows, sorted."""
    if rows.is_empty():
        return []
    stands = contract_tables["activities"].c
    query = sa.select(stands.activity_id, stands.deal_id.label("held_by")).where(
        stands.pipeline == rows["pipeline"][0],
        stands.activity_id.in_(rows["activity_id"].to_list()),
    )
    held = rows.join(read(transaction, query), on="activity_id")
    return sorted(set(held.filter(pl.col("deal_id") != pl.col("held_by"))["held_by"]))


def _key(name: str) -> list[str]:
    return [column.name for column in contract_tables[name].primary_key]


def _facts_speak_of(
    transaction: sa.Connection, name: str, frame: pl.DataFrame, key: list[str]
) -> pl.DataFrame:
    """Return key and stands, the moment spoken of, of the rows that may be replaced."""
    columns, leading = contract_tables[name].c, key[0]
    query = sa.select(*(columns[one] for one in key), columns.recorded_at.label("stands"))
    query = query.where(columns[leading].in_(frame[leading].unique().to_list()))
    if "pipeline" in columns:
        query = query.where(columns.pipeline == frame["pipeline"][0])
    return read(transaction, query)


def _deals_speak_of(transaction: sa.Connection, frame: pl.DataFrame) -> pl.DataFrame:
    deals, ids = _DEALS.c, frame["deal_id"].to_list()
    same = sa.and_(observed.c.pipeline == deals.pipeline, observed.c.deal_id == deals.deal_id)
    query = (
        sa.select(deals.deal_id, deals.recorded_at, deals.closed_recorded_at, observed.c.at)
        .select_from(sa.outerjoin(_DEALS, observed, same))
        .where(deals.pipeline == frame["pipeline"][0], deals.deal_id.in_(ids))
    )
    stands = pl.max_horizontal("recorded_at", "closed_recorded_at", "at")
    return read(transaction, query).select("deal_id", stands=stands)


def _with_likely_rows(seen: pl.DataFrame, rows: pl.DataFrame, now: int) -> pl.DataFrame:
    """Leave out the moments of rows that give way to every other: they are not of what stands."""
    if seen.is_empty():
        return seen
    speaks = pl.max_horizontal("recorded_at", "closed_recorded_at")
    return seen.join(rows.filter(speaks > latest_likely(now)), on="deal_id", how="anti")


def _remember(transaction: sa.Connection, seen: pl.DataFrame, pipeline: str) -> None:
    """Keep the moments that deals' rows speak of, where they say it; the latest of each."""
    if seen.is_empty():
        return
    query = sa.select(observed.c.deal_id, observed.c.at).where(
        observed.c.pipeline == pipeline, observed.c.deal_id.in_(seen["deal_id"].to_list())
    )
    before = read(transaction, query)
    latest = seen.join(before, on="deal_id", how="left").select(
        pl.lit(pipeline).alias("pipeline"), "deal_id", at=pl.max_horizontal(OBSERVED_AT, "at")
    )
    merge(transaction, observed, latest)


def _about(
    transaction: sa.Connection, table: str, frame: pl.DataFrame, pipeline: str, moved: list[str]
) -> pl.DataFrame:
    """Return pipeline and deal_id of the deals that rows say something of, sorted."""
    if "deal_id" in frame.columns:
        ids = pl.Series("deal_id", sorted({*frame["deal_id"], *moved}), pl.String)
        return ids.to_frame().select(pl.lit(pipeline).alias("pipeline"), "deal_id")
    query = sa.select(_DEALS.c.pipeline, _DEALS.c.deal_id).where(_DEALS.c.outcome == "open")
    if table == "accounts":
        query = query.where(_DEALS.c.account_id.in_(frame["account_id"].to_list()))
    elif table == "owners":
        query = sa.select(standing.c.pipeline, standing.c.deal_id)
        query = query.where(standing.c.owner_id.in_(frame["owner_id"].to_list()))
    else:
        query = query.where(sa.false())
    return read(transaction, query).sort("pipeline", "deal_id")


def _unknown(transaction: sa.Connection, deals: pl.Series, pipeline: str) -> list[str]:
    query = sa.select(_DEALS.c.deal_id).where(
        _DEALS.c.pipeline == pipeline, _DEALS.c.deal_id.in_(deals.to_list())
    )
    known = set(transaction.scalars(query))
    return [one for one in deals if one not in known]
