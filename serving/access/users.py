"""Users: made and changed by whoever owns the workspace; every change is in the audit log."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select, update

from data import audit
from data.audit import Actor
from data.bulk import writing
from data.errors import BadInput, NotFound
from data.people import users
from serving.access import passwords
from serving.access.sessions import end_all, viewer_of
from serving.access.viewer import ROLES, Viewer

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,185}")
_NEEDS: Final = {"seller": "owner_id", "manager": "team"}
CHANGING: Final = (
    *("name", "role", "owner_id", "team", "region"),
    *("language", "timezone", "currency", "subject"),
)
"""What may be changed of a user afterwards; the e-mail names them and stays."""


@dataclass(frozen=True)
class User:
    """A user as the list of users shows one; moments are microseconds of UTC."""

    viewer: Viewer
    email: str
    password: bool
    single_sign_on: bool
    created_at: int
    disabled_at: int | None


def create_user(
    engine: Engine,
    fields: Mapping[str, str | None],
    password: str | None,
    now: int,
    actor: Actor,
) -> str:
    """Make a user and return their id.

    Args:
        engine: the database.
        fields: email, and those of `CHANGING`.
        password: None for users who come by single sign-on only.
        now: this moment.
        actor: who makes them.

    Raises:
        BadInput: a field that cannot be, an e-mail that is taken, an easy password.
    """
    row: dict[str, Any] = {**dict.fromkeys(CHANGING), "language": "en", "timezone": "UTC"}
    row |= {name: text for name, text in fields.items() if text is not None}
    row["email"] = _email(str(fields["email"]))
    row["name"] = row["name"] or row["email"]
    _check(row)
    if password is not None:
        passwords.check(password, row["email"], row["name"])
    user_id = token_hex(6)
    kept = None if password is None else passwords.hashed(password)
    with writing(engine) as connection:
        if _found(connection, row["email"]) is not None:
            raise BadInput("the e-mail is taken", field="email", value=row["email"])
        made = {"user_id": user_id, "password": kept, "created_at": now}
        connection.execute(users.insert(), row | made)
        audit.record(connection, actor, "user.created", now, user_id, role=row["role"])
    return user_id


def list_users(engine: Engine) -> list[User]:
    """Return every user, by e-mail."""
    with engine.connect() as connection:
        rows = connection.execute(select(users).order_by(users.c.email)).mappings().all()
    return [
        User(
            viewer_of(row),
            row["email"],
            row["password"] is not None,
            row["subject"] is not None,
            row["created_at"],
            row["disabled_at"],
        )
        for row in rows
    ]


def change_user(
    engine: Engine, email: str, fields: Mapping[str, str | None], now: int, actor: Actor
) -> None:
    """Change the fields of a user that are given; their rights are other from the next page on.

    Raises:
        NotFound: no such user.
        BadInput: a field that cannot be.
    """
    given = {
        name: text or None  # an empty text takes the value away
        for name, text in fields.items()
        if name in CHANGING and text is not None
    }
    with writing(engine) as connection:
        row = _one(connection, email)
        _check({**row, **given})
        _update(connection, row["user_id"], given)
        audit.record(connection, actor, "user.changed", now, row["user_id"], **given)


def set_password(engine: Engine, email: str, password: str, now: int, actor: Actor) -> None:
    """Give a user another password and end their sessions.

    Raises:
        NotFound: no such user.
        BadInput: the password is easily guessed.
    """
    with engine.connect() as connection:
        row = _one(connection, email)
    passwords.check(password, row["email"], row["name"])
    kept = passwords.hashed(password)
    with writing(engine) as connection:
        _update(connection, row["user_id"], {"password": kept})
        end_all(connection, row["user_id"])
        audit.record(connection, actor, "user.password-set", now, row["user_id"])


def disable_user(engine: Engine, email: str, now: int, actor: Actor, disabled: bool = True) -> None:
    """Shut a user out and end their sessions, or let them in again.

    Raises:
        NotFound: no such user.
    """
    with writing(engine) as connection:
        user_id = _one(connection, email)["user_id"]
        _update(connection, user_id, {"disabled_at": now if disabled else None})
        end_all(connection, user_id)
        action = "user.disabled" if disabled else "user.enabled"
        audit.record(connection, actor, action, now, user_id)


def _update(connection: Connection, user_id: str, values: Mapping[str, Any]) -> None:
    if values:
        connection.execute(update(users).where(users.c.user_id == user_id).values(**values))


def _found(connection: Connection, email: str) -> Mapping[str, Any] | None:
    query = select(users).where(users.c.email == email.strip().lower())
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _one(connection: Connection, email: str) -> Mapping[str, Any]:
    row = _found(connection, email)
    if row is None:
        raise NotFound(
            "no such user", field="email", value=email, remedy="see: dealcast users list"
        )
    return row


def _email(text: str) -> str:
    email = text.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise BadInput("not an e-mail", field="email", value=text, allowed="name@company.example")
    return email


def _check(row: Mapping[str, Any]) -> None:
    if not row["name"] or len(row["name"]) > 100 or not row["name"].isprintable():
        raise BadInput("a user needs a name", field="name", value=row["name"], allowed="1 to 100")
    _one_of("role", row["role"], ROLES)
    _one_of("language", row["language"], ("zh", "en"))
    needed = _NEEDS.get(row["role"])
    if needed and not row[needed]:
        raise BadInput(
            f"a {row['role']} sees deals by {needed}",
            field=needed,
            value=row[needed],
            remedy=f"give --{needed.replace('_id', '')}",
        )
    try:
        ZoneInfo(row["timezone"] or "")
    except (ValueError, OSError, KeyError):
        raise BadInput(
            "not a time zone", field="timezone", value=row["timezone"], allowed="Asia/Shanghai, …"
        ) from None
    if row["currency"] and not re.fullmatch("[A-Z]{3}", row["currency"]):
        raise BadInput(
            "not a currency", field="currency", value=row["currency"], allowed="CNY, USD, …"
        )


def _one_of(field: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadInput("no such word", field=field, value=value, allowed=", ".join(allowed))
