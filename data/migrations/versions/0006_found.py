"""Deals are found in an index of standing scores."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    columns = ["pipeline", "deal_id", "owner_id", "team", "stage", "grade", "score", "amount"]
    columns += ["amount_at_close", "close_median", "last_touch_at"]
    op.create_index("ix_standing_found", "standing", columns)


def downgrade() -> None:
    op.drop_index("ix_standing_found", "standing")
