"""What the interface answers, as typed dictionaries; /docs of the service says what all means."""

from typing import Any, TypedDict


class Chance(TypedDict):
    """What will have become of a deal so many days ahead."""

    days_ahead: int
    p_won: float | None
    p_lost: float | None


class End(TypedDict):
    """What will have become of a deal in the end."""

    p_won: float
    p_lost: float


class DealScore(TypedDict):
    """The score of one deal."""

    deal_id: str
    as_of: str
    pipeline: str
    bundle: str
    served_by: str
    stage: str | None
    timing: str
    score: int
    grade: str
    trend: int | None
    chances: list[Chance]
    won_by: list[dict[str, Any]]
    eventually: End
    expected_close: dict[str, str] | None
    expected_end: dict[str, str] | None
    amount_at_close: float | None
    parts: dict[str, float] | None
    reasons: list[dict[str, Any]] | None


class ScoreAnswer(TypedDict):
    """Scores of whole records."""

    scores: list[DealScore]
    warnings: list[dict[str, str]]


class NotOpen(TypedDict):
    """A deal without a score, and why."""

    deal_id: str
    why: str


class DealsAnswer(TypedDict):
    """Scores by id."""

    scores: list[DealScore]
    not_open: list[NotOpen]


class Rescored(TypedDict):
    """The new score of a deal whose facts have changed."""

    deal_id: str
    score: int
    grade: str


class PushAnswer(TypedDict):
    """What became of pushed rows."""

    pipeline: str
    table: str
    accepted: int
    changed: int
    unchanged: int
    older: int
    refused: list[dict[str, Any]]
    waiting: list[str]
    warnings: list[dict[str, str]]
    rescored: list[Rescored]
    rescoring: str


class WeeklyList(TypedDict):
    """A week's list, or a page of it."""

    pipeline: str
    week: str
    as_of: str
    bundle: str
    created_at: str
    size: int
    items: list[dict[str, Any]]


class LedgerPage(TypedDict):
    """Entries of the ledger, the newest first."""

    entries: list[dict[str, Any]]
    next: str | None
