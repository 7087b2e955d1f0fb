"""Users, sessions, counts of calls, the audit log; rights by row on keys and lists."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", sa.Text(), primary_key=True),
        sa.Column("email", sa.Text(), nullable=False, unique=True, comment="lower case"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), comment="argon2; empty: single sign-on only"),
        sa.Column("subject", sa.Text(), unique=True, comment="of the OpenID provider, once seen"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), comment="whose deals are the user's own"),
        sa.Column("team", sa.Text()),
        sa.Column("region", sa.Text()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger()),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.Text(), primary_key=True, comment="of the cookie's token"),
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.user_id"), nullable=False, index=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "call_counts",
        sa.Column("caller", sa.Text(), primary_key=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False, comment="of the window"),
        sa.Column("calls", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column(
            "entry",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False, index=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text()),
        sa.Column("detail", sa.Text(), nullable=False, comment="a JSON object"),
        sa.Column("request_id", sa.Text()),
        sa.Column("address", sa.Text()),
    )
    reach_by = "owner_id or team; empty: every row"
    op.add_column("api_keys", sa.Column("reach_by", sa.Text(), comment=reach_by))
    op.add_column("api_keys", sa.Column("reach", sa.Text(), comment="whose rows"))
    op.add_column("api_keys", sa.Column("last_used_at", sa.BigInteger()))
    for name in ("owner_id", "team"):
        op.add_column("list_items", sa.Column(name, sa.Text()))
        _fill(name)


def _fill(name: str) -> None:
    """Take what a list of before says of an item's owner or team out of its JSON."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    taken = f"json_extract(item, '$.{name}')" if sqlite else f"item::json ->> '{name}'"
    op.execute(f"UPDATE list_items SET {name} = {taken}")  # noqa: S608  # our own two names


def downgrade() -> None:
    for table, names in (
        ("list_items", ("team", "owner_id")),
        ("api_keys", ("last_used_at", "reach", "reach_by")),
    ):
        for name in names:
            op.drop_column(table, name)
    for table in ("audit", "call_counts", "sessions", "users"):
        op.drop_table(table)
