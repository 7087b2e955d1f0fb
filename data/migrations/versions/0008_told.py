"""A deal's rows of the ledger are found whether or not its pipeline is named."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.drop_index("ix_scores_deal", "scores")
    op.create_index("ix_scores_deal", "scores", ["deal_id", "score_id"])


def downgrade() -> None:
    op.drop_index("ix_scores_deal", "scores")
    op.create_index("ix_scores_deal", "scores", ["pipeline", "deal_id", "score_id"])
