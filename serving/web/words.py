"""The contract's own words as people read them; a word of the source stays as it is."""

from typing import Final

from serving.web.phrases import Say

ACTIVITIES: Final = {"call": "Phone call", "mail": "Mail", "meeting": "Meeting", "chat": "Chat"}


def activity(say: Say, kind: str | None) -> str:
    """Return what an activity's kind is called; nothing where there was none."""
    return say(ACTIVITIES[kind]) if kind in ACTIVITIES else kind or ""


def role(say: Say, word: str) -> str:
    """Return what a buyer's role is called."""
    return say(word.replace("_", " "))
