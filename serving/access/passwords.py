"""Passwords: kept as argon2id, checked in the same time whether the user exists or not."""

from threading import BoundedSemaphore
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from data.errors import BadInput

LEAST: Final = 12
MOST: Final = 200
"""Characters a password may have: so many that it is not guessed, so few that hashing is cheap."""

_DIFFERENT: Final = 6
_HASHER: Final = PasswordHash((Argon2Hasher(),))
_AT_ONCE: Final = BoundedSemaphore(2)  # each takes 64 MB, and somebody may send a hundred
_NOBODYS: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$"
    "QkFEQkFEQkFEQkFEQkFEQkFEQkFEQkFEQkFEQkFEQkE"
)


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Say whether a password is the one kept, and what to keep instead where that is outdated.

    Where nothing is kept, as much time is spent as if something were.
    """
    with _AT_ONCE:
        right, newer = _HASHER.verify_and_update(password[:MOST], kept or _NOBODYS)
    return right and kept is not None and len(password) <= MOST, newer


def check(password: str, *known: str) -> None:
    """Refuse a password that is easily guessed.

    Args:
        password: the new one.
        known: what others know of the user, such as e-mail and name; it may not stand in it.

    Raises:
        BadInput: which never quotes the password.
    """
    lowered = password.lower()
    words = {part for text in known for part in text.lower().replace("@", " ").split()}
    named = any(len(word) > 3 and word in lowered for word in words)
    long_enough = LEAST <= len(password) <= MOST
    if named or not long_enough or len(set(password)) < _DIFFERENT:
        raise BadInput(
            "the password is too easily guessed",
            field="password",
            value="(not shown)",
            allowed=f"{LEAST} to {MOST} characters, at least {_DIFFERENT} different ones, "
            "without the user's name or e-mail",
            remedy="take four words that have nothing to do with each other",
        )
