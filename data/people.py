"""Who uses the pages: users, their sessions, and counts of calls; beside the contract's tables.

A user sees rows by role: see `serving.access.reach`. Times are microseconds of UTC.
"""

from typing import Final

import sqlalchemy as sa

from data.database import metadata

users: Final = sa.Table(
    "users",
    metadata,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("email", sa.Text, nullable=False, unique=True, comment="lower case"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("password", sa.Text, comment="argon2; empty: single sign-on only"),
    sa.Column("subject", sa.Text, unique=True, comment="of the OpenID provider, once seen"),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("owner_id", sa.Text, comment="whose deals are the user's own"),
    sa.Column("team", sa.Text),
    sa.Column("region", sa.Text),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("currency", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("disabled_at", sa.BigInteger),
)

sessions: Final = sa.Table(
    "sessions",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True, comment="of the cookie's token"),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.user_id"), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)

call_counts: Final = sa.Table(
    "call_counts",
    metadata,
    sa.Column("caller", sa.Text, primary_key=True),
    sa.Column("started_at", sa.BigInteger, nullable=False, comment="of the window"),
    sa.Column("calls", sa.BigInteger, nullable=False),
)
