"""A thin client of the HTTP interface: calls in, typed answers and typed errors out.

It needs httpx2 and nothing else of Dealcast, so it may be copied into a CRM's own code.
"""

from serving.client.answers import (
    DealsAnswer,
    DealScore,
    LedgerPage,
    PushAnswer,
    ScoreAnswer,
    WeeklyList,
)
from serving.client.calls import Client
from serving.client.failures import Busy, Denied, Missing, Problem, Rejected

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
