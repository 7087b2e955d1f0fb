"""Idempotency keys: a call that is sent again is answered as the first one was, and not done twice.

The answer is kept in the transaction of what was done, so there is never one without the other.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import Header
from pydantic import BaseModel

from data.errors import BadInput
from data.moments import HOUR
from data.outbox import answers

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


def digest(request: BaseModel, of: str) -> str:
    """Return what tells one request from another."""
    return sha256(f"{of}\n{request.model_dump_json()}".encode()).hexdigest()


def replay(connection: sa.Connection, caller: str, key: str, request: str, now: int) -> str | None:
    """Return the answer that was given under a key, as JSON; None where there was none.

    Raises:
        BadInput: the key came with another request.
    """
    after = now - KEPT_HOURS * HOUR
    query = sa.select(answers).filter_by(caller=caller, key=key).where(answers.c.at > after)
    found = connection.execute(query).first()
    if found is None:
        return None
    if found.request != request:
        raise BadInput(
            "an idempotency key that came with another request",
            field="Idempotency-Key",
            value=key,
            allowed="a word that only this call has",
            remedy="take a new one",
        )
    answer: str = found.answer
    return answer


def keep(transaction: sa.Connection, of: Mapping[str, Any], answer: BaseModel, now: int) -> None:
    """Keep an answer for as long as it may be replayed.

    Args:
        transaction: the one of what was done, from `data.push.pushing`.
        of: caller, key and request.
        answer: what is answered.
        now: this moment.
    """
    old = answers.c.at <= now - KEPT_HOURS * HOUR
    transaction.execute(sa.delete(answers).where(old))
    transaction.execute(sa.insert(answers).values(**of, answer=answer.model_dump_json(), at=now))


def amend(engine: sa.Engine, of: Mapping[str, Any], answer: BaseModel) -> None:
    """Replace what is replayed by what was found out since."""
    mine = {"caller": of["caller"], "key": of["key"]}
    with engine.begin() as transaction:
        transaction.execute(
            sa.update(answers).filter_by(**mine).values(answer=answer.model_dump_json())
        )
