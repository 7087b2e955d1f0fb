"""`dealcast audit-log`: who changed what."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console

from data import audit
from data.settings import Settings
from pipelines.phrases import Language, say
from pipelines.tables import show_table
from pipelines.workspace import database_of


def entries(settings: Settings, since: int, action: str | None, limit: int) -> list[dict[str, Any]]:
    """Return the newest entries, newest first."""
    with database_of(settings) as engine, engine.connect() as connection:
        return audit.read(connection, since=since, action=action, limit=limit)


def show(found: Iterable[dict[str, Any]], console: Console, language: Language) -> None:
    """Print entries a line each."""
    heads = list(map(say(language), ("When", "Who", "What", "Of what", "Detail")))
    show_table(console, heads, list(map(_cells, found)))


def _cells(one: dict[str, Any]) -> list[str]:
    who = f"{one['actor_kind']} {one['actor']}".strip()
    detail = ", ".join(f"{name}: {value}" for name, value in one["detail"].items())
    return [one["at"], who, one["action"], one["target"] or "", detail]
