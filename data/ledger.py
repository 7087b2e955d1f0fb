"""The ledger's tables: what was said of which deal, to whom, and who is to be forgotten."""

from typing import Final

import sqlalchemy as sa

from data.database import COUNTER, metadata

scores: Final = sa.Table(
    "scores",
    metadata,
    sa.Column("score_id", COUNTER, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, comment="when it left the house"),
    sa.Column("pipeline", sa.Text, nullable=False),
    sa.Column("deal_id", sa.Text, nullable=False),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("served_by", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, comment="request, by-id, push, list or batch"),
    sa.Column("caller", sa.Text, nullable=False, comment="key:<id>, user:<id> or job:<name>"),
    sa.Column("request_id", sa.Text),
    sa.Column("score", sa.BigInteger, nullable=False),
    sa.Column("grade", sa.Text, nullable=False),
    sa.Column("p_won", sa.Double, nullable=False, comment="in the end"),
    sa.Column("p_lost", sa.Double, nullable=False, comment="in the end"),
    sa.Column("chances", sa.Text, nullable=False, comment="[[days, p_won, p_lost], …] as JSON"),
    sa.Column("reasons", sa.Text, comment="SHA-256 of the reasons that were given"),
    sa.Index("ix_scores_deal", "deal_id", "score_id"),
    sa.Index("ix_scores_bundle", "bundle", "score_id"),
    sa.Index("ix_scores_caller", "caller", "score_id"),
    sa.Index("ix_scores_at", "at"),
)

erased: Final = sa.Table(
    "erased",
    metadata,
    sa.Column("pipeline", sa.Text, primary_key=True),
    sa.Column("pseudonym", sa.Text, primary_key=True, comment="see data.erasure"),
    sa.Column("kind", sa.Text, nullable=False, comment="deal or contact"),
    sa.Column("at", sa.BigInteger, nullable=False),
)
