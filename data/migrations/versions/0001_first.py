"""The first version: the contract's tables, pipelines, API keys and published lists."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "deals",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("deal_id", sa.Text(), primary_key=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.Column("closed_recorded_at", sa.BigInteger()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("source", sa.Text()),
        sa.Column("product", sa.Text()),
        sa.Column("currency", sa.Text()),
        sa.Column("title", sa.Text()),
        sa.Column("converted_from", sa.Text()),
        sa.Column("attributes", sa.Text()),
    )
    op.create_table(
        "changes",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("deal_id", sa.Text(), primary_key=True),
        sa.Column("field", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), primary_key=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("number", sa.Double()),
    )
    op.create_table(
        "activities",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("activity_id", sa.Text(), primary_key=True),
        sa.Column("deal_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text()),
        sa.Column("contact_id", sa.Text()),
        sa.Column("minutes", sa.Double()),
    )
    op.create_table(
        "checklist",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("deal_id", sa.Text(), primary_key=True),
        sa.Column("item", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), primary_key=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
    )
    op.create_table(
        "contacts",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("deal_id", sa.Text(), primary_key=True),
        sa.Column("contact_id", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("role", sa.Text()),
    )
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Text(), primary_key=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("industry", sa.Text()),
        sa.Column("region", sa.Text()),
        sa.Column("employees", sa.Double()),
        sa.Column("revenue", sa.Double()),
        sa.Column("attributes", sa.Text()),
    )
    op.create_table(
        "owners",
        sa.Column("owner_id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text()),
        sa.Column("role", sa.Text()),
        sa.Column("team", sa.Text()),
        sa.Column("region", sa.Text()),
        sa.Column("hired_at", sa.BigInteger()),
    )
    op.create_table(
        "targets",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("scope_id", sa.Text(), primary_key=True),
        sa.Column("period", sa.Text(), primary_key=True),
        sa.Column("starts_at", sa.BigInteger(), primary_key=True),
        sa.Column("metric", sa.Text(), primary_key=True),
        sa.Column("value", sa.Double(), nullable=False),
    )
    op.create_table(
        "pipelines",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("settings", sa.Text(), nullable=False, comment="contract.Pipeline as JSON"),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False, comment="words separated by spaces"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("revoked_at", sa.BigInteger()),
    )
    op.create_table(
        "lists",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("week", sa.Text(), primary_key=True, comment="ISO date of its Monday"),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "list_items",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("week", sa.Text(), primary_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("deal_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False, comment="what the list shows, as JSON"),
    )


def downgrade() -> None:
    for name in (
        "list_items",
        "lists",
        "api_keys",
        "pipelines",
        "targets",
        "owners",
        "accounts",
        "contacts",
        "checklist",
        "activities",
        "changes",
        "deals",
    ):
        op.drop_table(name)
