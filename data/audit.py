"""The audit log: who changed what, when and from where; written in the change's own transaction.

Nothing is ever changed in it or deleted from it by the application.
"""

import json
import os
from dataclasses import dataclass
from getpass import getuser
from typing import Any, Final, Literal

import sqlalchemy as sa

from data.database import metadata
from data.moments import iso

Kind = Literal["user", "key", "command", "service", "nobody"]
"""A user of the pages, an API key, a command line, the service by itself, or somebody who did
not say who they are."""

log: Final = sa.Table(
    "audit",
    metadata,
    # SQLite numbers rows by itself only where the key is an INTEGER
    sa.Column(
        "entry",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text),
    sa.Column("detail", sa.Text, nullable=False, comment="a JSON object"),
    sa.Column("request_id", sa.Text),
    sa.Column("address", sa.Text),
)


@dataclass(frozen=True)
class Actor:
    """Who does something.

    Attributes:
        kind: what the name is of.
        name: the user's id, the key's id, the system's user who ran the command.
        request_id: the HTTP request it was done by.
        address: where that came from.
    """

    kind: Kind
    name: str
    request_id: str | None = None
    address: str | None = None


def commander() -> Actor:
    """Return who runs this command, as the system names them."""
    try:
        return Actor("command", getuser())
    except (KeyError, OSError):  # a container's user may have no name
        return Actor("command", str(os.getuid()))


def record(
    connection: sa.Connection,
    actor: Actor,
    action: str,
    at: int,
    target: str | None = None,
    **detail: Any,
) -> None:
    """Write down a change, in the transaction that makes it.

    Args:
        connection: the transaction.
        actor: who does it.
        action: a noun and a participle with a dot between: `user.created`, `list.published`.
        at: this moment (microseconds of UTC).
        target: the id of what is changed.
        detail: what else is worth knowing, fit for JSON; no secrets, no personal data.
    """
    row = {
        "at": at,
        "actor_kind": actor.kind,
        "actor": actor.name,
        "action": action,
        "target": target,
        "detail": json.dumps(detail, ensure_ascii=False, sort_keys=True),
        "request_id": actor.request_id,
        "address": actor.address,
    }
    connection.execute(log.insert(), row)


def read(
    connection: sa.Connection,
    *,
    before: int | None = None,
    since: int = 0,
    action: str | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Return entries, newest first, moments as ISO 8601.

    Args:
        connection: to the database.
        before: only entries with a lower number, for the next page.
        since: only entries from this moment on.
        action: only of this action, or of all that begin with it and a dot.
        limit: how many at most.
    """
    query = sa.select(log).where(log.c.at >= since).order_by(log.c.entry.desc()).limit(limit)
    if before is not None:
        query = query.where(log.c.entry < before)
    if action is not None:
        within = log.c.action.startswith(f"{action}.", autoescape=True)
        query = query.where((log.c.action == action) | within)
    rows = connection.execute(query).mappings()
    return [dict(row) | {"at": iso(row["at"]), "detail": json.loads(row["detail"])} for row in rows]
