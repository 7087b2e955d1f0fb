"""Idempotency keys: a call that is sent again is answered as the first one was, and not done twice.

The answer is kept in the transaction of what was done, so there is never one without the other.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import Header
from pydantic import BaseModel

from data.errors import BadInput
from data.moments import HOUR
from data.outbox import answers
from serving.api.service import Access

KEPT_HOURS: Final = 24

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="any word that only this call has; sent again within 24 hours, the call gets "
        "the first answer and nothing is done",
    ),
]


@dataclass(frozen=True)
class Once:
    """A call that may be sent again; where it brings no key, each time is the first.

    Attributes:
        caller: the id of the key that calls.
        key: what came as `Idempotency-Key`.
        request: what tells one request from another, see `of`.
    """

    caller: str
    key: str | None
    request: str

    @classmethod
    def of(cls, access: Access, key: str | None, request: BaseModel, *named: str) -> "Once":
        """Tell a request by its body and by what is named beside it, in the words of the call.

        So a key that came for the list `latest` is refused with that list's date.
        """
        said = "\n".join((*named, request.model_dump_json()))
        return cls(access.key.key_id, key, sha256(said.encode()).hexdigest())

    def before(self, transaction: sa.Connection, now: int) -> str | None:
        """Return the answer that was given before, as JSON; None where there was none.

        Args:
            transaction: from `data.bulk.pushing`: nobody may look between this and `keep`.
            now: this moment.

        Raises:
            BadInput: the key came with another request.
        """
        if self.key is None:
            return None
        after = now - KEPT_HOURS * HOUR
        query = sa.select(answers).filter_by(**self._own).where(answers.c.at > after)
        found = transaction.execute(query).first()
        if found is None:
            return None
        if found.request != self.request:
            raise BadInput(
                "an idempotency key that came with another request",
                field="Idempotency-Key",
                value=self.key,
                allowed="a word that only this call has",
                remedy="take a new one",
            )
        answer: str = found.answer
        return answer

    def keep(self, transaction: sa.Connection, answer: BaseModel, now: int) -> None:
        """Keep an answer for as long as it may be asked for again.

        Args:
            transaction: the one of `before` and of what was done.
            answer: what is answered.
            now: this moment.
        """
        if self.key is None:
            return
        old = answers.c.at <= now - KEPT_HOURS * HOUR
        transaction.execute(sa.delete(answers).where(old))
        kept = {"request": self.request, "answer": answer.model_dump_json(), "at": now}
        transaction.execute(sa.insert(answers).values(**self._own, **kept))

    def amend(self, engine: sa.Engine, answer: BaseModel) -> None:
        """Replace what is kept by what was found out since."""
        if self.key is None:
            return
        with engine.begin() as transaction:
            transaction.execute(
                sa.update(answers).filter_by(**self._own).values(answer=answer.model_dump_json())
            )

    @property
    def _own(self) -> dict[str, str | None]:
        return {"caller": self.caller, "key": self.key}
