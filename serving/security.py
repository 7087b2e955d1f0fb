"""API keys: made once, shown once, kept as hashes, with scopes and an end.

A key reads `dc_<id>_<secret>`. The secret has 256 random bits, so nobody can guess it from its
hash however fast they hash: one SHA-256 is enough, where a password would need a slow one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from secrets import token_hex, token_urlsafe
from typing import Any, Final

from sqlalchemy import Engine, Select, select, update

from data import audit
from data.audit import Actor, commander
from data.database import api_keys
from data.errors import BadInput, Forbidden, NotFound
from data.lookup import IDS, Lookup
from data.moments import DAY
from serving.access.reach import EVERYTHING, Reach

SCOPES: Final = ("score", "write", "read", "admin")
"""What a key may do: score deals, write facts, read lists, and everything."""

_SOME: Final = Lookup(select(api_keys).where(api_keys.c.key_id.in_(IDS)))
_FORM: Final = re.compile(r"dc_(?P<key_id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")


class Unauthenticated(Forbidden):
    """No valid key came with the request."""

    status = 401


@dataclass(frozen=True)
class ApiKey:
    """What is kept of a key: everything but its secret. Moments are microseconds of UTC."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    reach: Reach
    last_used_at: int | None

    def allows(self, scope: str) -> bool:
        """Say whether the key's scopes cover one; admin covers all."""
        return scope in self.scopes or "admin" in self.scopes

    def holds_at(self, now: int) -> bool:
        """Say whether the key is neither revoked nor expired."""
        expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not expired


def create_key(
    engine: Engine,
    name: str,
    scopes: Sequence[str],
    now: int,
    expires_days: int | None = None,
    reach: Reach = EVERYTHING,
    actor: Actor | None = None,
) -> str:
    """Make a key and return it in full, for the only time.

    Args:
        engine: the database.
        name: who will use it, for what.
        scopes: what it may do.
        now: this moment.
        expires_days: days until it ends.
        reach: which deals it may see.
        actor: who makes it; whoever runs this command when left out.

    Raises:
        BadInput: no scope or an unknown one, no name, an end that is not ahead, or rights to some
            rows that go with admin or name nobody.

    """
    _check(name, scopes, expires_days)
    _check_reach(reach, scopes)
    key_id, secret = token_hex(6), token_urlsafe(32)
    row = {
        "key_id": key_id,
        "name": name,
        "hash": _hash(secret),
        "scopes": " ".join(scope for scope in SCOPES if scope in scopes),
        "created_at": now,
        "expires_at": None if expires_days is None else now + expires_days * DAY,
        "revoked_at": None,
        "reach_by": None if reach.whole else reach.by,
        "reach": reach.value,
    }
    with engine.begin() as connection:
        connection.execute(api_keys.insert(), row)
        told = {"scopes": row["scopes"], "expires_at": row["expires_at"], "reach": vars(reach)}
        audit.record(connection, actor or commander(), "key.created", now, key_id, **told)
    return f"dc_{key_id}_{secret}"


def list_keys(engine: Engine) -> list[ApiKey]:
    """Return every key ever made, oldest first."""
    query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id)
    with engine.connect() as connection:
        return [_key(row._asdict()) for row in connection.execute(query)]


def revoke_key(engine: Engine, key_id: str, now: int, actor: Actor | None = None) -> None:
    """End a key at once; revoking it again changes nothing.

    Raises:
        NotFound: there is no such key.

    """
    with engine.begin() as connection:
        if connection.execute(_one(key_id)).first() is None:
            raise NotFound(
                "no such key", field="key_id", value=key_id, remedy="see: dealcast keys list"
            )
        still = (api_keys.c.key_id == key_id) & api_keys.c.revoked_at.is_(None)
        if connection.execute(update(api_keys).where(still).values(revoked_at=now)).rowcount:
            audit.record(connection, actor or commander(), "key.revoked", now, key_id)


def authenticate(engine: Engine, presented: str, now: int) -> ApiKey:
    """Return the key that was presented.

    Raises:
        Unauthenticated: it is malformed, unknown, revoked or expired; which of these is not told.

    """
    (found,) = authenticate_each(engine, [presented], now)
    if isinstance(found, Unauthenticated):
        raise found
    return found


def authenticate_each(
    engine: Engine, presented: Sequence[str], now: int
) -> list[ApiKey | Unauthenticated]:
    """Return the keys that were presented, or what is wrong with each, as `authenticate` does."""
    forms = {one: form for one in set(presented) if (form := _FORM.fullmatch(one))}
    wanted = {form["key_id"] for form in forms.values()}
    known = {row["key_id"]: row for row in _SOME.rows(engine, sorted(wanted))}
    keys: dict[str, ApiKey] = {}
    for one, form in forms.items():
        row = known.get(form["key_id"])
        # compared in constant time, so that nobody can feel their way to the hash
        if row is not None and compare_digest(_hash(form["secret"]), row["hash"]):
            keys[one] = _key(row)
    return [
        keys[one] if one in keys and keys[one].holds_at(now) else invalid() for one in presented
    ]


def fingerprint(presented: str) -> bytes:
    """Return what a key that was presented may be remembered by, which is not the key."""
    return sha256(presented.encode()).digest()


def invalid() -> Unauthenticated:
    """Return what whoever brings no valid key is told."""
    return Unauthenticated(
        "the API key is not valid", remedy="ask an administrator for: dealcast keys create"
    )


def _one(key_id: str) -> Select[tuple[object, ...]]:
    return select(api_keys).where(api_keys.c.key_id == key_id)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _key(row: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        row["key_id"],
        row["name"],
        tuple(row["scopes"].split()),
        row["created_at"],
        row["expires_at"],
        row["revoked_at"],
        EVERYTHING if row["reach_by"] is None else Reach(row["reach_by"], row["reach"]),
        row["last_used_at"],
    )


def _check(name: str, scopes: Sequence[str], expires_days: int | None) -> None:
    if not 0 < len(name.strip()) <= 100:
        raise BadInput("a key needs a name", field="name", value=name, allowed="1 to 100 letters")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise BadInput(
            "a key needs scopes",
            field="scope",
            value=", ".join(unknown),
            allowed=", ".join(SCOPES),
            remedy="give --scope once for each",
        )
    if expires_days is not None and not 0 < expires_days <= 3_660:
        raise BadInput(
            "a key's end must lie ahead",
            field="expires_days",
            value=expires_days,
            allowed="1 to 3660",
        )


def _check_reach(reach: Reach, scopes: Sequence[str]) -> None:
    if reach.whole:
        return
    if not reach.value:
        raise BadInput("whose deals?", field=reach.by, value=reach.value, allowed="an id or a name")
    if "admin" in scopes:
        raise BadInput(
            "a key with the scope admin sees every deal",
            field=reach.by,
            value=reach.value,
            remedy="take the scopes score, read and write instead, or leave this out",
        )
