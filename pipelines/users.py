"""`dealcast users`: make, list, change and disable who may see the pages."""

import sys
from collections.abc import Mapping
from typing import Any

from rich.prompt import Prompt
from sqlalchemy import Engine, select

from data.audit import commander
from data.database import contract_tables
from data.errors import BadInput
from data.moments import iso, now
from data.settings import Settings
from pipelines.options import progress
from pipelines.workspace import database_of
from serving.access import users


def create(settings: Settings, fields: Mapping[str, str | None], single_sign_on: bool) -> str:
    """Make a user, asking for a password unless they come by single sign-on only.

    Language and zone are the workspace's where none is given.
    """
    password = None if single_sign_on else ask_password()
    own = {"language": settings.language, "timezone": settings.timezone}
    given = {name: value for name, value in fields.items() if value is not None}
    with database_of(settings) as engine:
        _warn_of_nobody(engine, given)
        return users.create_user(engine, {**fields, **own, **given}, password, now(), commander())


def _warn_of_nobody(engine: Engine, given: Mapping[str, str]) -> None:
    """Say so where no seller is known of an id or a team: such a user sees no deal yet."""
    owners = contract_tables["owners"].c
    with engine.connect() as connection:
        for name in ("owner_id", "team"):
            query = select(owners[name]).where(owners[name] == given.get(name)).limit(1)
            if name in given and connection.execute(query).first() is None:
                told = f"no seller is known with {name} {given[name]!r} yet"
                progress.print(told, style="yellow")


def listing(settings: Settings) -> list[dict[str, Any]]:
    """Return what is known of every user, moments as ISO 8601; nothing of their passwords."""
    with database_of(settings) as engine:
        found = users.list_users(engine)
    return [
        {
            **vars(user.viewer),
            "email": user.email,
            "password": user.password,
            "single_sign_on": user.single_sign_on,
            "created_at": iso(user.created_at),
            "disabled_at": None if user.disabled_at is None else iso(user.disabled_at),
        }
        for user in found
    ]


def change(settings: Settings, email: str, fields: Mapping[str, str | None]) -> None:
    """Change what is given of a user."""
    with database_of(settings) as engine:
        users.change_user(engine, email, fields, now(), commander())


def set_password(settings: Settings, email: str) -> None:
    """Ask for a user's new password, and end their sessions."""
    with database_of(settings) as engine:
        users.set_password(engine, email, ask_password(), now(), commander())


def disable(settings: Settings, email: str, disabled: bool) -> None:
    """Shut a user out, or let them in again."""
    with database_of(settings) as engine:
        users.disable_user(engine, email, now(), commander(), disabled)


def ask_password() -> str:
    """Return a password typed twice without being shown, or the first line of what is piped in.

    It is never an argument: those stand in the shell's history and in the list of processes.

    Raises:
        BadInput: the two differ.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = Prompt.ask("Password", password=True, console=progress)
    if first != Prompt.ask("Again", password=True, console=progress):
        raise BadInput("the two differ", field="password", value="(not shown)", remedy="try again")
    return first
