"""The contract's own words as people read them; a word of the source stays as it is."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from serving.web.phrases import Say

ACTIVITIES: Final = {"call": "Phone call", "mail": "Mail", "meeting": "Meeting", "chat": "Chat"}

COMMITS: Final = {
    "commit": "committed",
    "best_case": "best case",
    "upside": "best case",
    "pipeline": "in the pipeline",
    "omitted": "not counted on",
}
"""What sellers call a deal in most CRMs."""


def apart(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return ids with names by which they can be told apart: two of one name show their ids."""
    named = list(pairs)
    times = Counter(name for _, name in named)
    return [(one, name if times[name] == 1 else f"{name} ({one})") for one, name in named]


def activity(say: Say, kind: str | None) -> str:
    """Return what an activity's kind is called; nothing where there was none."""
    return say(ACTIVITIES[kind]) if kind in ACTIVITIES else kind or ""


def commit(say: Say, word: str | None) -> str:
    """Return what a seller's call is called; nothing where there was none."""
    return say(COMMITS[word]) if word in COMMITS else word or ""


def role(say: Say, word: str) -> str:
    """Return what a buyer's role is called."""
    return say(word.replace("_", " "))
