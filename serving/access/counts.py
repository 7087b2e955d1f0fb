"""Calls counted in fixed windows, in the database, so that all workers count together.

A sign-in is counted by itself. Calls by key are many: a worker takes a share of the key's calls
out of the common count, and then counts that down in memory. So no more calls are let in than
allowed, and a key with little traffic may be refused early by the shares that other workers hold.
"""

import ipaddress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from data.bulk import writing_now
from data.database import AWAY, api_keys
from data.errors import TooMany
from data.moments import DAY, SECOND
from data.people import call_counts

MINUTE: Final = 60 * SECOND
_SHARE: Final = 20
_INSERTS: Final[dict[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def count(connection: sa.Connection, caller: str, now: int, window: int, calls: int = 1) -> int:
    """Count calls and return how many there are in this window.

    Args:
        connection: a transaction that writes.
        caller: whose calls.
        now: this moment.
        window: its length, in microseconds; it begins at a multiple of that.
        calls: how many; below 0 to take some back.
    """
    start = now - now % window
    insert = _INSERTS[connection.dialect.name](call_counts).values(
        caller=caller, started_at=start, calls=calls
    )
    kept = call_counts.c
    # another machine's clock may be a little ahead: its window goes on
    same = kept.started_at.between(start, start + window)
    query = insert.on_conflict_do_update(
        index_elements=[kept.caller],
        set_={
            "calls": sa.case((same, kept.calls + calls), else_=calls),
            "started_at": sa.case((same, kept.started_at), else_=start),
        },
    ).returning(kept.calls)
    return int(connection.execute(query).scalar_one())


def forget(connection: sa.Connection, now: int) -> None:
    """Delete counts of windows long past."""
    connection.execute(sa.delete(call_counts).where(call_counts.c.started_at < now - DAY))


def seconds_left(now: int, window: int) -> int:
    """Return after how many whole seconds the window is over."""
    return -((now % window - window) // SECOND)


def network(address: str | None) -> str:
    """Return what is counted as one address: of IPv6 the 64 bits that one customer is given."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


@dataclass
class Calls:
    """The calls that each API key may still make.

    Attributes:
        engine: the database.
        a_minute: calls a minute that one key may make, over all workers.
    """

    engine: sa.Engine
    a_minute: int
    _left: dict[str, tuple[int, int]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def took(self, key_id: str, now: int) -> bool:
        """Take one call of a key if that needs neither the database nor a wait for who asks it."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            of, left = self._left.get(key_id, (0, 0))
            if of != now - now % MINUTE or left <= 0:
                return False
            self._left[key_id] = of, left - 1
            return True
        finally:
            self._lock.release()

    def take(self, key_id: str, now: int) -> None:
        """Take one call of a key; its first of a minute marks the key as used.

        Raises:
            TooMany: the minute's calls are used up.
        """
        start = now - now % MINUTE
        with self._lock:
            of, left = self._left.get(key_id, (start, 0))
            if of != start or left == 0:
                left = self._share(key_id, now)
            self._left[key_id] = start, max(left - 1, -1)  # -1: no use asking again
        if left <= 0:
            raise TooMany(
                "too many calls with this key",
                field="DEALCAST_CALLS_PER_MINUTE",
                value=self.a_minute,
                remedy="wait as long as Retry-After says, and send many records in one call",
                retry_after=seconds_left(now, MINUTE),
            )

    def _share(self, key_id: str, now: int) -> int:
        """Return how many calls were taken out of the common count."""
        share = max(1, self.a_minute // _SHARE)
        used = sa.update(api_keys).where(api_keys.c.key_id == key_id).values(last_used_at=now)
        try:
            with writing_now(self.engine) as connection:
                taken = count(connection, f"key {key_id}", now, MINUTE, share)
                connection.execute(used)
        except AWAY:  # an ingest holds the lock: serving goes before counting
            return share
        return min(share, max(self.a_minute - (taken - share), 0))
