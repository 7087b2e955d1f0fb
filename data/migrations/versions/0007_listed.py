"""A week's list is found by columns of its own, and SQLite finds it and deals in indexes alone."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TEXTS = ("title", "account", "owner", "group", "stage", "close_median", "last_touch_at", "due_at")
_NUMBERS = ("value_at_stake", "p_won_period", "score", "amount")
_KEYS = ("pipeline", "week", "position", "deal_id", "owner_id", "team")
_BEFORE = ("pipeline", "deal_id", "owner_id", "team", "stage", "grade", "score", "amount")
_BEFORE += ("amount_at_close", "close_median", "last_touch_at")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for names, kind in ((_TEXTS, sa.Text()), (_NUMBERS, sa.Double())):
        for name in names:
            op.add_column("list_items", sa.Column(name, kind))
    taken = {
        name: f"json_extract(item, '$.{name}')" if sqlite else f"item::json ->> '{name}'"
        for name in (*_TEXTS, *_NUMBERS)
    }
    if not sqlite:
        taken |= {name: f"({taken[name]})::double precision" for name in _NUMBERS}
    values = ", ".join(f'"{name}" = {value}' for name, value in taken.items())
    op.execute(f"UPDATE list_items SET {values}")  # noqa: S608  # our own names
    op.create_index("ix_list_items_deal", "list_items", ["pipeline", "deal_id"])
    if sqlite:
        # rows hold long JSON: SQLite would walk over all of it, PostgreSQL stores it apart
        op.create_index("ix_list_items_found", "list_items", [*_KEYS, *_TEXTS, *_NUMBERS])
        op.drop_index("ix_standing_found", "standing")
        op.create_index("ix_standing_found", "standing", [*_BEFORE, "title", "account", "owner"])


def downgrade() -> None:
    op.drop_index("ix_list_items_deal", "list_items")
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_list_items_found", "list_items")
        op.drop_index("ix_standing_found", "standing")
        op.create_index("ix_standing_found", "standing", list(_BEFORE))
    for name in (*_TEXTS, *_NUMBERS):
        op.drop_column("list_items", name)
