"""Sessions: a random token in a cookie, its hash in the database, an end in any case."""

from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, or_, select, update

from data.bulk import writing_now
from data.database import AWAY
from data.moments import DAY, SECOND
from data.people import sessions, users
from data.settings import Settings
from serving.access.viewer import Viewer

_MINUTE: Final = 60 * SECOND
_SHOWN: Final = tuple(Viewer.__dataclass_fields__)


def start(connection: Connection, user_id: str, now: int, settings: Settings) -> str:
    """Begin a session and return its token: 256 random bits, of which only the hash is kept."""
    token = token_urlsafe(32)
    row = {
        "hash": _hash(token),
        "user_id": user_id,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + settings.session_days * DAY,
    }
    connection.execute(_ended(now, settings))
    connection.execute(sessions.insert(), row)
    return token


def resume(engine: Engine, token: str, now: int, settings: Settings) -> Viewer | None:
    """Return whose session a token is, as they are now; None where it has ended.

    It ends when it was idle for too long, at its set end, at signing out, and with its user.
    """
    mine = sessions.c.hash == _hash(token)
    query = (
        select(users, sessions.c.seen_at)
        .join(sessions, sessions.c.user_id == users.c.user_id)
        .where(mine, sessions.c.expires_at > now, users.c.disabled_at.is_(None))
        .where(sessions.c.seen_at > now - settings.session_idle_minutes * _MINUTE)
    )
    with engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return None
    if now - row["seen_at"] >= _MINUTE:  # once a minute, so that pages seldom write
        with suppress(*AWAY), writing_now(engine) as connection:
            connection.execute(update(sessions).where(mine).values(seen_at=now))
    return viewer_of(row)


def end(connection: Connection, token: str) -> None:
    """End one session."""
    connection.execute(delete(sessions).where(sessions.c.hash == _hash(token)))


def end_all(connection: Connection, user_id: str) -> None:
    """End every session of a user."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


def csrf_token(token: str) -> str:
    """Return what a form of this session must carry: nobody else can tell it from outside."""
    return sha256(f"csrf {token}".encode()).hexdigest()


def viewer_of(row: Mapping[Any, Any]) -> Viewer:
    """Return a row of users as pages know one."""
    return Viewer(**{name: row[name] for name in _SHOWN})


def _ended(now: int, settings: Settings) -> Any:
    idle = now - settings.session_idle_minutes * _MINUTE
    return delete(sessions).where(or_(sessions.c.expires_at <= now, sessions.c.seen_at <= idle))


def _hash(token: str) -> str:
    return sha256(token.encode(errors="surrogatepass")).hexdigest()
