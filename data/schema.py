"""The one collection of tables: modules of nouns put theirs on it, `data.database` opens it."""

from typing import Final

import sqlalchemy as sa

metadata: Final = sa.MetaData()

COUNTER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""The type of a key that counts up by itself; SQLite counts only what it calls INTEGER."""
