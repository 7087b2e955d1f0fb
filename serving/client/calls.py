"""The calls of the interface."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import quote
from uuid import uuid4

import httpx2

from .answers import (
    DealsAnswer,
    DealScore,
    LedgerPage,
    PushAnswer,
    ScoreAnswer,
    WeeklyList,
)
from .failures import problem

_LATER: Final = (429, 503)
_LONGEST_WAIT: Final = 30.0


@dataclass
class Client:
    """A connection to one service.

    Every call of it may be sent twice without harm, so each is: when the service does not answer,
    or says 429 or 503, it is sent again after as long as the service says.

    Attributes:
        url: where the service answers, such as http://127.0.0.1:8000.
        key: an API key.
        tries: how often a call is sent at most.
        timeout: seconds that one answer may take.
    """

    url: str
    key: str
    tries: int = 5
    timeout: float = 60.0

    def __post_init__(self) -> None:
        """Make the pool of connections."""
        headers = {"Authorization": f"Bearer {self.key}"}
        self._http = httpx2.Client(base_url=self.url, headers=headers, timeout=self.timeout)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close its connections."""
        self._http.close()

    def score(self, pipeline: str, records: Sequence[dict[str, Any]], **asked: Any) -> ScoreAnswer:
        """Score whole records; `asked` is as_of, days_ahead, won_by, reasons, trend.

        Raises:
            Problem: see `failures`; so do all calls.
        """
        body = {"pipeline": pipeline, "records": list(records), **asked}
        return cast(ScoreAnswer, self._call("POST", "/v1/score", json=body))

    def score_by_id(self, pipeline: str, deal_ids: Sequence[str], **asked: Any) -> DealsAnswer:
        """Score deals of the live tables; `asked` as in `score`."""
        path = f"/v1/pipelines/{_part(pipeline)}/deals/score"
        body = {"deal_ids": list(deal_ids), **asked}
        return cast(DealsAnswer, self._call("POST", path, json=body))

    def deal_score(self, pipeline: str, deal_id: str) -> DealScore:
        """Read the standing score of one deal."""
        path = f"/v1/pipelines/{_part(pipeline)}/deals/{_part(deal_id)}/score"
        return cast(DealScore, self._call("GET", path))

    def put_records(
        self, pipeline: str, table: str, rows: Sequence[dict[str, Any]], partial: bool = False
    ) -> PushAnswer:
        """Put rows of one table; they are on disk when this returns."""
        body = {"pipeline": pipeline, "rows": list(rows), "partial": partial}
        headers = {"Idempotency-Key": uuid4().hex}
        path = f"/v1/records/{_part(table)}"
        return cast(PushAnswer, self._call("PUT", path, json=body, headers=headers))

    def list(self, pipeline: str, week: str = "latest", **page: int) -> WeeklyList:
        """Read a week's list; `page` is after and limit."""
        asked = {"pipeline": pipeline, **page}
        return cast(WeeklyList, self._call("GET", f"/v1/lists/{_part(week)}", params=asked))

    def ledger(self, **asked: Any) -> LedgerPage:
        """Read a page of the ledger; `asked` is pipeline, deal_id, bundle, caller, cursor …."""
        return cast(LedgerPage, self._call("GET", "/v1/ledger", params=asked))

    def ledger_entries(self, **asked: Any) -> Iterator[dict[str, Any]]:
        """Read the ledger, page by page."""
        while True:
            page = self.ledger(**asked)
            yield from page["entries"]
            if page["next"] is None:
                return
            asked["cursor"] = page["next"]

    def _call(self, method: str, path: str, **how: Any) -> Any:
        for left in range(self.tries - 1, -1, -1):
            try:
                answer = self._http.request(method, path, **how)
            except httpx2.TransportError:
                if not left:
                    raise
                time.sleep(1.0)
                continue
            if answer.status_code not in _LATER or not left:
                break
            time.sleep(_wait(answer))
        if answer.is_success:
            return answer.json()
        raise problem(answer.status_code, _document(answer))


def _part(word: str) -> str:
    return quote(word, safe="")


def _wait(answer: httpx2.Response) -> float:
    told = answer.headers.get("Retry-After", "")
    return min(float(told), _LONGEST_WAIT) if told.isdecimal() else 1.0


def _document(answer: httpx2.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {"title": answer.reason_phrase}
