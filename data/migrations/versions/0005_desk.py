"""The desk: what is told of a list, what is not listed, and what people did to items."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("lists") as table:
        table.add_column(
            sa.Column("told", sa.Text(), comment="what is told once for all items, as JSON")
        )
    op.create_table(
        "list_others",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("week", sa.Text(), primary_key=True),
        sa.Column("deal_id", sa.Text(), primary_key=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False, comment="what is known of it, as JSON"),
        sa.Column("owner_id", sa.Text()),
        sa.Column("team", sa.Text()),
    )
    op.create_table(
        "list_actions",
        sa.Column("action_id", sa.Text(), primary_key=True),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("deal_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.Column("reason", sa.Text()),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Index("ix_list_actions_deal", "pipeline", "deal_id"),
    )


def downgrade() -> None:
    op.drop_table("list_actions")
    op.drop_table("list_others")
    with op.batch_alter_table("lists") as table:
        table.drop_column("told")
