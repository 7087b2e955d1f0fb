"""Tables of what is said twice or must arrive: answers to be replayed, webhooks, deliveries."""

from typing import Final

import sqlalchemy as sa

from data.database import COUNTER, metadata

answers: Final = sa.Table(
    "answers",
    metadata,
    sa.Column("caller", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True, comment="the Idempotency-Key"),
    sa.Column("request", sa.Text, nullable=False, comment="SHA-256 of what was asked"),
    sa.Column("answer", sa.Text, nullable=False, comment="JSON"),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Index("ix_answers_at", "at"),
)

webhooks: Final = sa.Table(
    "webhooks",
    metadata,
    sa.Column("webhook_id", sa.Text, primary_key=True),
    sa.Column("pipeline", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False, comment="signs what is sent; shown once"),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
)

deliveries: Final = sa.Table(
    "deliveries",
    metadata,
    sa.Column("delivery_id", COUNTER, primary_key=True),
    sa.Column("webhook_id", sa.Text, nullable=False),
    sa.Column("pipeline", sa.Text, nullable=False),
    sa.Column("deal_id", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False, comment="what is sent, as JSON"),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False, comment="due, delivered or dead"),
    sa.Column("attempts", sa.BigInteger, nullable=False),
    sa.Column("next_at", sa.BigInteger, nullable=False, comment="not tried again before"),
    sa.Column("failure", sa.Text, comment="what went wrong last"),
    sa.Index("ix_deliveries_due", "state", "next_at"),
)
