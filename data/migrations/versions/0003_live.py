"""Standing scores and what touched them, the ledger, and who was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_index("ix_activities_deal", "activities", ["pipeline", "deal_id"])
    op.create_index("ix_deals_account", "deals", ["account_id"])
    op.create_table(
        "standing",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("deal_id", sa.Text(), primary_key=True),
        sa.Column("title", sa.Text()),
        sa.Column("account_id", sa.Text()),
        sa.Column("account", sa.Text(), comment="name or else id"),
        sa.Column("stage", sa.Text()),
        sa.Column("owner_id", sa.Text()),
        sa.Column("owner", sa.Text(), comment="name or else id"),
        sa.Column("team", sa.Text()),
        sa.Column("amount", sa.Double()),
        sa.Column("currency", sa.Text()),
        sa.Column("last_touch_at", sa.BigInteger()),
        sa.Column("last_touch_kind", sa.Text()),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("p_won", sa.Double(), nullable=False, comment="in the end"),
        sa.Column("p_lost", sa.Double(), nullable=False, comment="in the end"),
        sa.Column(
            "chances", sa.Text(), nullable=False, comment="[[days, p_won, p_lost], …] as JSON"
        ),
        sa.Column("close_median", sa.BigInteger()),
        sa.Column("close_from", sa.BigInteger()),
        sa.Column("close_to", sa.BigInteger()),
        sa.Column("end_median", sa.BigInteger()),
        sa.Column("end_from", sa.BigInteger()),
        sa.Column("end_to", sa.BigInteger()),
        sa.Column("amount_at_close", sa.Double()),
        sa.Column("curve", sa.Text(), nullable=False, comment="[[days], [won], [lost]] as JSON"),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("served_by", sa.Text(), nullable=False),
        sa.Column("timing", sa.Text(), nullable=False),
        sa.Column("scored_at", sa.BigInteger(), nullable=False, comment="when its facts were read"),
    )
    op.create_index("ix_standing_close", "standing", ["pipeline", "close_median", "deal_id"])
    op.create_index("ix_standing_owner", "standing", ["pipeline", "owner_id", "score", "deal_id"])
    op.create_index("ix_standing_score", "standing", ["pipeline", "score", "deal_id"])
    op.create_index("ix_standing_team", "standing", ["pipeline", "team", "score", "deal_id"])
    op.create_table(
        "touched",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("deal_id", sa.Text(), primary_key=True),
        sa.Column("push", sa.Text(), nullable=False, comment="the push that touched it last"),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "observed",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("deal_id", sa.Text(), primary_key=True),
        sa.Column(
            "at", sa.BigInteger(), nullable=False, comment="the moment the deal's row speaks of"
        ),
    )
    op.create_table(
        "scores",
        sa.Column("score_id", _COUNTER, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it left the house"),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("deal_id", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("served_by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="request, by-id, push, list or batch"),
        sa.Column("caller", sa.Text(), nullable=False, comment="key:<id>, user:<id> or job:<name>"),
        sa.Column("request_id", sa.Text()),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("p_won", sa.Double(), nullable=False, comment="in the end"),
        sa.Column("p_lost", sa.Double(), nullable=False, comment="in the end"),
        sa.Column(
            "chances", sa.Text(), nullable=False, comment="[[days, p_won, p_lost], …] as JSON"
        ),
        sa.Column("reasons", sa.Text(), comment="SHA-256 of the reasons that were given"),
    )
    op.create_index("ix_scores_at", "scores", ["at"])
    op.create_index("ix_scores_bundle", "scores", ["bundle", "score_id"])
    op.create_index("ix_scores_caller", "scores", ["caller", "score_id"])
    op.create_index("ix_scores_deal", "scores", ["pipeline", "deal_id", "score_id"])
    op.create_table(
        "erased",
        sa.Column("pipeline", sa.Text(), primary_key=True),
        sa.Column("pseudonym", sa.Text(), primary_key=True, comment="see data.erasure"),
        sa.Column("kind", sa.Text(), nullable=False, comment="deal or contact"),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    for name in ("erased", "scores", "observed", "touched", "standing"):
        op.drop_table(name)
    op.drop_index("ix_deals_account", "deals")
    op.drop_index("ix_activities_deal", "activities")
