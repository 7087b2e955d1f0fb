"""Webhooks: whoever registered is told when a deal's grade or close date moves.

What is to be sent is written with the score that moved, so none is lost and none is sent of what
was undone. `serving.deliveries` sends it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import polars as pl
import sqlalchemy as sa

from data import audit
from data.audit import Actor
from data.bulk import read, writing
from data.errors import NotFound
from data.moments import DAY, iso
from data.outbox import deliveries, webhooks
from data.standing import standing

_TOLD = ("score", "grade", "p_won", "close_median", "as_of", "bundle")
"""What an event says of a deal, before and after."""


@dataclass(frozen=True)
class Webhook:
    """A registered webhook, without its secret. Moments are microseconds of UTC."""

    webhook_id: str
    pipeline: str
    url: str
    created_at: int
    created_by: str


def register(
    engine: sa.Engine, pipeline: str, url: str, caller: str, now: int, actor: Actor
) -> tuple[Webhook, str]:
    """Register a webhook and return it with its secret, the latter for the only time."""
    made, secret = Webhook(f"wh_{token_hex(8)}", pipeline, url, now, caller), token_hex(32)
    with writing(engine) as transaction:
        transaction.execute(sa.insert(webhooks).values(**vars(made), secret=secret))
        audit.record(transaction, actor, "webhook.created", now, made.webhook_id, url=url)
    return made, secret


def registered(engine: sa.Engine) -> list[Webhook]:
    """Return every webhook, the oldest first."""
    columns = [webhooks.c[name] for name in Webhook.__annotations__]
    query = sa.select(*columns).order_by(webhooks.c.created_at, webhooks.c.webhook_id)
    with engine.connect() as connection:
        return [Webhook(**row) for row in connection.execute(query).mappings()]


def remove(engine: sa.Engine, webhook_id: str, now: int, actor: Actor) -> None:
    """Forget a webhook and all that was to be sent to it.

    Raises:
        NotFound: there is none of that id.
    """
    with writing(engine) as transaction:
        found = transaction.execute(sa.delete(webhooks).filter_by(webhook_id=webhook_id)).rowcount
        if not found:
            raise _absent(webhook_id)
        transaction.execute(sa.delete(deliveries).filter_by(webhook_id=webhook_id))
        audit.record(transaction, actor, "webhook.removed", now, webhook_id)


def _absent(webhook_id: str) -> NotFound:
    remedy = "list them: GET /v1/webhooks"
    return NotFound("no such webhook", field="webhook_id", value=webhook_id, remedy=remedy)


def announce(
    transaction: sa.Connection, pipeline: str, frame: pl.DataFrame, days: float, now: int
) -> None:
    """Write what is to be sent of deals whose score is about to be replaced.

    Args:
        transaction: the one that will replace them.
        pipeline: whose deals.
        frame: the new rows, see `serving.standings.rows`.
        days: by how many days a close date must move.
        now: this moment.
    """
    hooks = list(transaction.scalars(sa.select(webhooks.c.webhook_id).filter_by(pipeline=pipeline)))
    if not hooks or frame.is_empty():
        return
    moved = _moved(_before(transaction, pipeline, frame), frame, days)
    events = [(event["deal_id"], json.dumps(event)) for event in _events(moved, pipeline, now)]
    due = {"pipeline": pipeline, "created_at": now, "state": "due", "attempts": 0, "next_at": now}
    rows = [
        due | {"webhook_id": hook, "deal_id": deal_id, "event": event}
        for hook in hooks
        for deal_id, event in events
    ]
    if rows:
        transaction.execute(sa.insert(deliveries), rows)


def _before(transaction: sa.Connection, pipeline: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return what stood of the deals; of many, of all the pipeline's."""
    columns = [standing.c[name] for name in ("deal_id", *_TOLD)]
    query = sa.select(*columns).where(standing.c.pipeline == pipeline)
    if frame.height <= 1_000:
        query = query.where(standing.c.deal_id.in_(frame["deal_id"].to_list()))
    return read(transaction, query)


def _moved(before: pl.DataFrame, after: pl.DataFrame, days: float) -> pl.DataFrame:
    both = after.select("deal_id", *_TOLD).join(before, on="deal_id", suffix="_before")
    shift = (pl.col("close_median") - pl.col("close_median_before")).abs() > days * DAY
    other = pl.col("grade") != pl.col("grade_before")
    never = pl.col("close_median").is_null() != pl.col("close_median_before").is_null()
    newer = pl.col("as_of") >= pl.col("as_of_before")
    return both.filter(newer & (other | never | shift.fill_null(value=False)))


def _events(moved: pl.DataFrame, pipeline: str, now: int) -> Iterator[dict[str, Any]]:
    for row in moved.iter_rows(named=True):
        yield {
            "type": "deal.moved",
            "event_id": token_hex(16),
            "at": iso(now),
            "pipeline": pipeline,
            "deal_id": row["deal_id"],
            "before": _told(row, "_before"),
            "after": _told(row, ""),
        }


def _told(row: dict[str, Any], suffix: str) -> dict[str, Any]:
    said = {name: row[f"{name}{suffix}"] for name in _TOLD}
    for name in ("close_median", "as_of"):
        said[name] = None if said[name] is None else iso(said[name])
    return said


def redeliver(engine: sa.Engine, webhook_id: str, now: int) -> int:
    """Put what could not be delivered back to be sent; return how many there are.

    Raises:
        NotFound: there is no webhook of that id.
    """
    dead = sa.update(deliveries).filter_by(webhook_id=webhook_id, state="dead")
    with writing(engine) as transaction:
        known = sa.select(webhooks.c.webhook_id).filter_by(webhook_id=webhook_id)
        if transaction.scalar(known) is None:
            raise _absent(webhook_id)
        again = dead.values(state="due", attempts=0, next_at=now)
        return transaction.execute(again).rowcount


def sent(engine: sa.Engine, webhook_id: str, limit: int) -> Sequence[dict[str, Any]]:
    """Return the last deliveries of a webhook, the newest first."""
    query = sa.select(deliveries).filter_by(webhook_id=webhook_id)
    query = query.order_by(deliveries.c.delivery_id.desc()).limit(limit)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
