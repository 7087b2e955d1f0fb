"""How soon a pushed fact shows: in the deal's score, and in the week's list."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from data.moments import iso, now
from serving.client import Client

_GIVEN_UP: Final = 30.0


def fresh(url: str, key: str, pipeline: str, deals: int = 20) -> dict[str, float]:
    """Push a fact of each of some listed deals, and wait until both speak of a later moment.

    Args:
        url: of a service that has a published list.
        key: may score, read and write.
        pipeline: whose list.
        deals: how many are pushed to, one after the other.

    Returns:
        Milliseconds from before the push, the longest: to the score and to the list.
    """
    with Client(url, key) as client:
        listed = list(_now(client, pipeline))[:deals]
        waits = [tuple(_waits(client, pipeline, deal)) for deal in listed]
    longest = [round(1000 * max(each), 1) for each in zip(*waits, strict=True)]
    return {"deals": len(listed), "score_ms": longest[0], "list_ms": longest[1]}


def _waits(client: Client, pipeline: str, deal: str) -> Iterator[float]:
    begun, at = time.perf_counter(), iso(now())
    call = {"deal_id": deal, "activity_id": f"bench-{at}", "kind": "call", "at": at}
    client.put_records(pipeline, "activities", [call])
    yield _until(begun, lambda: client.deal_score(pipeline, deal)["as_of"] >= at)
    yield _until(begun, lambda: _now(client, pipeline).get(deal, "") >= at)


def _until(begun: float, shows: Callable[[], bool]) -> float:
    """Return the seconds until something shows."""
    while not shows():
        if time.perf_counter() > begun + _GIVEN_UP:
            raise TimeoutError(f"not there after {_GIVEN_UP:.0f} s")
    return time.perf_counter() - begun


def _now(client: Client, pipeline: str) -> dict[str, str]:
    """Return the moments that the list's deals are told of now, of those that still are open."""
    items: list[dict[str, Any]] = client.list(pipeline, limit=1000)["items"]
    return {one["deal_id"]: one["now"]["as_of"] for one in items if one["now"].get("as_of")}
