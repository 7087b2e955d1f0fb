"""Signing in and out. Whoever is refused learns neither why nor how near they were."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, NoReturn, TypeAlias

from sqlalchemy import ColumnElement, Connection, Engine, select, update

from data import audit
from data.audit import Actor
from data.bulk import writing
from data.errors import TooMany
from data.people import users
from data.settings import Settings
from serving.access import passwords, sessions
from serving.access.counts import MINUTE, count, forget, network, seconds_left
from serving.security import Unauthenticated

Row: TypeAlias = dict[str, Any]
_WINDOW: Final = 15 * MINUTE
_MANY: Final = 10
"""An address may be an office, and a user may be pestered from many: both get more tries."""


@dataclass(frozen=True)
class Door:
    """Where users come in.

    Attributes:
        engine: the database.
        settings: how many tries there are, and how long a session lasts.
    """

    engine: Engine
    settings: Settings

    def sign_in(
        self, email: str, password: str, now: int, visitor: Actor, before: str | None = None
    ) -> str:
        """Return the token of a new session.

        Args:
            email: who they say they are.
            password: how they show it.
            now: this moment.
            visitor: where they come from.
            before: the token of the session that they had; it ends.

        Raises:
            TooMany: too many tries from there, or for this user.
            Unauthenticated: no such user, disabled, or another password.
        """
        email = email.strip().lower()[:254]
        counted = self._count(email, now, visitor)
        row = find(self.engine, users.c.email == (email if email.isprintable() else ""))
        right, newer = passwords.matches(password, row["password"] if row else None)
        if row is None or not right or row["disabled_at"] is not None:
            self.refuse(row, now, visitor, "password")
        with writing(self.engine) as connection:
            for caller in counted:  # only wrong tries count
                count(connection, caller, now, _WINDOW, -1)
            if newer is not None:
                mine = users.c.user_id == row["user_id"]
                connection.execute(update(users).where(mine).values(password=newer))
            return self._begin(connection, row["user_id"], now, visitor, before, "password")

    def sign_in_as(
        self, row: Row | None, now: int, visitor: Actor, before: str | None = None
    ) -> str:
        """Return the token of a new session for whom a provider vouches, if we know them.

        Raises:
            Unauthenticated: we do not, or they are disabled.
        """
        if row is None or row["disabled_at"] is not None:
            self.refuse(row, now, visitor, "single sign-on")
        with writing(self.engine) as connection:
            return self._begin(connection, row["user_id"], now, visitor, before, "single sign-on")

    def sign_out(self, token: str, now: int, user: Actor) -> None:
        """End a user's session."""
        with writing(self.engine) as connection:
            sessions.end(connection, token)
            audit.record(connection, user, "sign-out", now)

    def _begin(
        self,
        connection: Connection,
        user_id: str,
        now: int,
        visitor: Actor,
        before: str | None,
        how: str,
    ) -> str:
        if before is not None:
            sessions.end(connection, before)
        who = replace(visitor, kind="user", name=user_id)
        audit.record(connection, who, "sign-in", now, how=how)
        return sessions.start(connection, user_id, now, self.settings)

    def refuse(self, row: Row | None, now: int, visitor: Actor, how: str) -> NoReturn:
        """Write a refusal down, with the user where there is one, and say no more.

        Raises:
            Unauthenticated: always.
        """
        with writing(self.engine) as connection:
            target = None if row is None else row["user_id"]
            audit.record(connection, visitor, "sign-in.refused", now, target, how=how)
        raise Unauthenticated(
            "signing in failed", remedy="check e-mail and password, or ask an administrator"
        )

    def count_asking(self, now: int, visitor: Actor) -> None:
        """Count a way to the provider of single sign-on, which costs calls to it.

        Raises:
            TooMany: too many from there.
        """
        most = self.settings.sign_in_tries * _MANY * _MANY
        self._limit({f"single sign-on {network(visitor.address)}": most}, now, visitor)

    def _count(self, email: str, now: int, visitor: Actor) -> list[str]:
        """Count a try: of the user from there, of the user, and from there."""
        user = sha256(email.encode(errors="replace")).hexdigest()[:32]
        place, tries = network(visitor.address), self.settings.sign_in_tries
        most = {
            f"sign-in {user} {place}": tries,
            f"sign-in {user}": tries * _MANY,
            f"sign-in {place}": tries * _MANY,
        }
        self._limit(most, now, visitor)
        return list(most)

    def _limit(self, most: Mapping[str, int], now: int, visitor: Actor) -> None:
        with writing(self.engine) as connection:
            forget(connection, now)
            over = [
                count(connection, caller, now, _WINDOW) - allowed
                for caller, allowed in most.items()
            ]
            if 1 in over:  # once a window: nobody fills the log this way
                audit.record(connection, visitor, "sign-in.too-many", now)
        if max(over) > 0:
            raise TooMany(
                "too many tries to sign in",
                remedy="wait as long as Retry-After says",
                retry_after=seconds_left(now, _WINDOW),
            )


def recognise(engine: Engine, claims: Mapping[str, Any]) -> Row | None:
    """Return the user whom a provider's claims are about.

    By the provider's own id of them. Where that was not seen before, by their e-mail, which the
    provider must have verified, and which must not be another's already; then the id is kept.
    """
    subject = f"{claims['iss']} {claims['sub']}"
    row = find(engine, users.c.subject == subject)
    if row is not None or claims.get("email_verified") is not True:
        return row
    mine = (users.c.email == str(claims.get("email", "")).lower()) & users.c.subject.is_(None)
    with writing(engine) as connection:
        connection.execute(update(users).where(mine).values(subject=subject))
    return find(engine, users.c.subject == subject)


def find(engine: Engine, condition: ColumnElement[bool]) -> Row | None:
    """Return the user of whom something holds, as a row of the table."""
    with engine.connect() as connection:
        row = connection.execute(select(users).where(condition)).mappings().first()
    return None if row is None else dict(row)
