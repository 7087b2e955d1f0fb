"""A thin client of the HTTP interface: calls in, typed answers and typed errors out.

It needs httpx2 and nothing else of Dealcast, so its folder may be copied into a CRM's own code,
under any name.
"""

from .answers import (
    DealsAnswer,
    DealScore,
    LedgerPage,
    PushAnswer,
    ScoreAnswer,
    WeeklyList,
)
from .calls import Client
from .failures import Busy, Denied, Missing, Problem, Rejected

__all__ = [
    "Busy",
    "Client",
    "DealScore",
    "DealsAnswer",
    "Denied",
    "LedgerPage",
    "Missing",
    "Problem",
    "PushAnswer",
    "Rejected",
    "ScoreAnswer",
    "WeeklyList",
]
