"""What is kept between a pushed fact and the score that it changes.

`standing` has a row per open deal with what was last said of it: pages and calls read it in
place of scoring anew. `touched` names the deals whose facts changed since; a row is written with
the facts and goes with the score that has seen them, so a crash between the two loses nothing.
"""

from typing import Final

import sqlalchemy as sa

from data.database import ON_SQLITE, metadata

FOUND_BY: Final = (
    *("owner_id", "team", "stage", "grade", "score", "amount", "amount_at_close"),
    *("close_median", "last_touch_at", "title", "account", "owner"),
)
"""All that deals are found by, so that wide rows are read of one page only."""

standing: Final = sa.Table(
    "standing",
    metadata,
    sa.Column("pipeline", sa.Text, primary_key=True),
    sa.Column("deal_id", sa.Text, primary_key=True),
    sa.Column("title", sa.Text),
    sa.Column("account_id", sa.Text),
    sa.Column("account", sa.Text, comment="name or else id"),
    sa.Column("stage", sa.Text),
    sa.Column("owner_id", sa.Text),
    sa.Column("owner", sa.Text, comment="name or else id"),
    sa.Column("team", sa.Text),
    sa.Column("amount", sa.Double),
    sa.Column("currency", sa.Text),
    sa.Column("last_touch_at", sa.BigInteger),
    sa.Column("last_touch_kind", sa.Text),
    sa.Column("score", sa.BigInteger, nullable=False),
    sa.Column("grade", sa.Text, nullable=False),
    sa.Column("p_won", sa.Double, nullable=False, comment="in the end"),
    sa.Column("p_lost", sa.Double, nullable=False, comment="in the end"),
    sa.Column("chances", sa.Text, nullable=False, comment="[[days, p_won, p_lost], …] as JSON"),
    sa.Column("close_median", sa.BigInteger),
    sa.Column("close_from", sa.BigInteger),
    sa.Column("close_to", sa.BigInteger),
    sa.Column("end_median", sa.BigInteger),
    sa.Column("end_from", sa.BigInteger),
    sa.Column("end_to", sa.BigInteger),
    sa.Column("amount_at_close", sa.Double),
    sa.Column("curve", sa.Text, nullable=False, comment="[[days], [won], [lost]] as JSON"),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("served_by", sa.Text, nullable=False),
    sa.Column("timing", sa.Text, nullable=False),
    sa.Column("scored_at", sa.BigInteger, nullable=False, comment="when its facts were read"),
    sa.Index("ix_standing_score", "pipeline", "score", "deal_id"),
    sa.Index("ix_standing_owner", "pipeline", "owner_id", "score", "deal_id"),
    sa.Index("ix_standing_team", "pipeline", "team", "score", "deal_id"),
    sa.Index("ix_standing_close", "pipeline", "close_median", "deal_id"),
    sa.Index("ix_standing_found", "pipeline", "deal_id", *FOUND_BY, info=ON_SQLITE),
)

touched: Final = sa.Table(
    "touched",
    metadata,
    sa.Column("pipeline", sa.Text, primary_key=True),
    sa.Column("deal_id", sa.Text, primary_key=True),
    sa.Column("push", sa.Text, nullable=False, comment="the push that touched it last"),
    sa.Column("at", sa.BigInteger, nullable=False),
)

observed: Final = sa.Table(
    "observed",
    metadata,
    sa.Column("pipeline", sa.Text, primary_key=True),
    sa.Column("deal_id", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, comment="the moment the deal's row speaks of"),
)
