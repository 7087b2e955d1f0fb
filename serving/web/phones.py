"""Whom to call: the phone number of a deal's customer, where the source has one.

It is the attribute `phone` of the account, as a mapping brings it in.
"""

import json
import re
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from data.database import contract_tables

ATTRIBUTE: Final = "phone"
_NUMBER: Final = re.compile(r"\+?[\d ()/.\-]{3,30}")


def phones(engine: sa.Engine, pipeline: str, deals: Sequence[str]) -> dict[str, str]:
    """Return the customers' numbers by deal, of deals that the caller may see."""
    of_deals, accounts = contract_tables["deals"], contract_tables["accounts"]
    query = (
        sa.select(of_deals.c.deal_id, accounts.c.attributes)
        .join(accounts, accounts.c.account_id == of_deals.c.account_id)
        .where(of_deals.c.pipeline == pipeline, of_deals.c.deal_id.in_(deals))
        .where(accounts.c.attributes.contains(f'"{ATTRIBUTE}"'))
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    told = {row.deal_id: number_of(row.attributes) for row in rows}
    return {deal: number for deal, number in told.items() if number}


def number_of(attributes: str | None) -> str | None:
    """Return the number among an account's attributes; None where it is none to be called."""
    number = str(json.loads(attributes or "{}").get(ATTRIBUTE) or "").strip()
    return number if _NUMBER.fullmatch(number) else None
