"""Erasure: a deal or a person is forgotten on request, and what came of the deal still counts.

What is kept afterwards names nobody: in the ledger and in published lists the deal's id is a
hash and there is no text. The hash is remembered, so that facts of the same deal or person that
are pushed again are refused. Whoever knows an id can tell its hash: it is a pseudonym, no secret.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final, Literal

import polars as pl
import sqlalchemy as sa

from data.audit import Actor, record
from data.bulk import MOST_NAMED, pushing
from data.database import (
    LISTED_TEXTS,
    contract_tables,
    list_actions,
    list_items,
    list_others,
    take_turn,
)
from data.errors import NotFound
from data.ledger import erased, scores
from data.outbox import answers, deliveries
from data.sheet import REJECTS, refused_rows
from data.standing import observed, standing, touched

Kind = Literal["deal", "contact"]

_FACTS: Final = ("deals", "changes", "activities", "checklist", "contacts")
_ERASED: Final = "was erased on request, and is not taken again"
_TURN: Final = 0x65726173
"""What PostgreSQL knows by that nobody may be erased just now."""
_FIGURES: Final = ("position", "score", "grade", "trend", "served_by", "value_at_stake")
"""What a published list keeps of an item that was erased, beside its chances."""


def pseudonym(pipeline: str, kind: Kind, name: str) -> str:
    """Return what stands for the id of a deal or a contact once it is erased."""
    said = json.dumps([pipeline, kind, name]).encode()
    return f"erased-{sha256(said).hexdigest()[:32]}"


def erase_deal(
    engine: sa.Engine, pipeline: str, deal_id: str, now: int, actor: Actor
) -> dict[str, int]:
    """Forget a deal: its facts go, its scores in the ledger and lists lose its name.

    Returns:
        The number of rows that were deleted or changed, by table.

    Raises:
        NotFound: nothing is known of such a deal.
    """
    told = pseudonym(pipeline, "deal", deal_id)
    of_deal = {"pipeline": pipeline, "deal_id": deal_id}
    facts = (contract_tables[name] for name in _FACTS)
    gone = (*facts, standing, touched, observed, deliveries, list_others, list_actions)
    with _erasing(engine) as transaction:
        rows = {one.name: _delete(transaction, one, of_deal) for one in gone}
        renamed = sa.update(scores).filter_by(**of_deal).values(deal_id=told)
        rows["scores"] = transaction.execute(renamed).rowcount
        rows["list_items"] = _blank(transaction, of_deal, told)
        _finish(transaction, pipeline, "deal", deal_id, rows)
        _record(transaction, pipeline, "deal", told, now, actor)
    return {name: count for name, count in rows.items() if count}


def erase_contact(
    engine: sa.Engine, pipeline: str, contact_id: str, now: int, actor: Actor
) -> dict[str, int]:
    """Forget a person: the name goes, and a pseudonym stands for the id.

    The part they play in buying and what was done with them stay, so no score changes.

    Raises:
        NotFound: nothing is known of such a person.
    """
    told = pseudonym(pipeline, "contact", contact_id)
    of_person = {"pipeline": pipeline, "contact_id": contact_id}
    contacts, activities = contract_tables["contacts"], contract_tables["activities"]
    with _erasing(engine) as transaction:
        named = sa.update(contacts).filter_by(**of_person).values(contact_id=told, name=None)
        # an activity without an id of its own is called by what it says, the person included
        derived = activities.c.activity_id.startswith(activities.c.deal_id + " ")
        anew = sa.func.replace(activities.c.activity_id, contact_id, told)
        new_id = sa.case((derived, anew), else_=activities.c.activity_id)
        done = sa.update(activities).filter_by(**of_person)
        done = done.values(contact_id=told, activity_id=new_id)
        rows = {
            "contacts": transaction.execute(named).rowcount,
            "activities": transaction.execute(done).rowcount,
        }
        _finish(transaction, pipeline, "contact", contact_id, rows)
        _record(transaction, pipeline, "contact", told, now, actor)
    return {name: count for name, count in rows.items() if count}


@contextmanager
def _erasing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that begins when all who have asked for `pseudonyms` have ended."""
    with pushing(engine) as transaction:
        take_turn(transaction, _TURN)
        yield transaction


def without_erased(
    connection: sa.Connection, table: str, raw: pl.DataFrame, pipeline: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that are about nobody who was erased, and the rejects that the others are."""
    refused = [pl.DataFrame(schema=REJECTS)]
    kinds: dict[str, Kind] = {"deal_id": "deal", "contact_id": "contact"}
    for column, kind in kinds.items():
        if column in raw.columns:
            gone = raw[column].is_in(list(pseudonyms(connection, pipeline, kind, raw[column])))
            gone = gone.fill_null(value=False)
            refused.append(refused_rows(table, raw.filter(gone), column, _ERASED))
            raw = raw.filter(~gone)
    return raw, pl.concat(refused)


def pseudonyms(
    connection: sa.Connection, pipeline: str, kind: Kind, ids: Iterable[str | None]
) -> dict[str, str]:
    """Return the pseudonyms of those ids that were erased.

    Args:
        connection: a transaction that writes; until it ends nobody else is erased.
        pipeline: whose ids these are.
        kind: what they name.
        ids: some of them.
    """
    take_turn(connection, _TURN, shared=True)
    of_kind = sa.select(erased.c.pseudonym).where(
        erased.c.pipeline == pipeline, erased.c.kind == kind
    )
    if connection.scalar(of_kind.limit(1)) is None:
        return {}
    named = {pseudonym(pipeline, kind, one): one for one in set(ids) if one is not None}
    asked = list(named)
    return {
        named[gone]: gone
        for first in range(0, len(asked), MOST_NAMED)
        for gone in connection.scalars(
            of_kind.where(erased.c.pseudonym.in_(asked[first : first + MOST_NAMED]))
        )
    }


def _delete(transaction: sa.Connection, table: sa.Table, which: dict[str, str]) -> int:
    return transaction.execute(sa.delete(table).filter_by(**which)).rowcount


def _blank(transaction: sa.Connection, of_deal: dict[str, str], told: str) -> int:
    """Leave of a published item what says nothing of whose it is."""
    found = transaction.execute(sa.select(list_items).filter_by(**of_deal)).all()
    for row in found:
        said = json.loads(row.item)
        kept = {n: v for n, v in said.items() if n in _FIGURES or n.startswith("p_won")}
        item = json.dumps(kept | {"deal_id": told})
        place = {"pipeline": row.pipeline, "week": row.week, "position": row.position}
        shown = dict.fromkeys(LISTED_TEXTS) | {"deal_id": told, "item": item}
        change = sa.update(list_items).filter_by(**place).values(**shown)
        transaction.execute(change)
    return len(found)


def _finish(
    transaction: sa.Connection,
    pipeline: str,
    kind: Kind,
    name: str,
    rows: dict[str, int],
) -> None:
    """Check that there was something, and drop the answers kept for replay that name it."""
    if not any(rows.values()):
        raise NotFound(
            f"no such {kind}", field=f"{kind}_id", value=name, remedy="nothing was erased"
        )
    quoted = json.dumps(name, ensure_ascii=False)
    transaction.execute(
        sa.delete(answers).where(answers.c.answer.contains(quoted, autoescape=True))
    )


def _record(
    transaction: sa.Connection, pipeline: str, kind: Kind, told: str, now: int, actor: Actor
) -> None:
    """Remember the pseudonym, and say in the audit log who erased what it stands for."""
    which = {"pipeline": pipeline, "pseudonym": told}
    _delete(transaction, erased, which)
    transaction.execute(sa.insert(erased).values(**which, kind=kind, at=now))
    record(transaction, actor, f"{kind}.erased", now, told, pipeline=pipeline)
