"""The database: its tables, derived from the contract, and opening it at the newest version.

SQLite (in WAL mode, so that readers never wait for a writer) by default, PostgreSQL by URL.
The contract's tables are not written down a second time; beside them stand the pipelines'
settings, the API keys and the published lists, and the tables of `standing`, `ledger` and
`outbox`. Bulk traffic goes through `data.bulk`.
"""

from pathlib import Path
from sqlite3 import SQLITE_BUSY, OperationalError
from time import monotonic, sleep
from typing import Any, Final

import sqlalchemy as sa

from data.contract import TABLES, ColumnType, Table
from data.errors import BadInput, NotReady
from data.settings import Settings

HEAD: Final = "0008"
"""The newest migration: a database that says so is opened without importing Alembic."""

BUSY_MS: Final = 30_000
"""How long a writer waits for SQLite's one write lock."""

AWAY: Final = (sa.exc.OperationalError, sa.exc.TimeoutError)
"""What is raised where the database does not answer, or no connection to it is free."""

ON_SQLITE: Final = {"dialect": "sqlite"}
"""Marks an index that only SQLite has.

It answers from the index alone, past the long JSON of the rows, which PostgreSQL stores apart.
"""

_TURN: Final = 0x6D696772
"""What PostgreSQL knows the migrations' turn by."""

_TYPES: Final[dict[ColumnType, type[sa.types.TypeEngine[Any]]]] = {
    "text": sa.Text,
    "moment": sa.BigInteger,
    "number": sa.Double,
    "integer": sa.BigInteger,
    "json": sa.Text,
}


metadata: Final = sa.MetaData()

COUNTER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""The type of a key that counts up by itself: SQLite counts only what it calls INTEGER."""


def _contract_table(table: Table) -> sa.Table:
    columns = [
        sa.Column(c.name, _TYPES[c.type], primary_key=c.name in table.key, nullable=not c.required)
        for c in table.columns
    ]
    return sa.Table(table.name, metadata, *columns)


contract_tables: Final = {name: _contract_table(table) for name, table in TABLES.items()}
sa.Index(
    "ix_activities_deal", *(contract_tables["activities"].c[n] for n in ("pipeline", "deal_id"))
)
sa.Index("ix_deals_account", contract_tables["deals"].c.account_id)

pipelines: Final = sa.Table(
    "pipelines",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("settings", sa.Text, nullable=False, comment="contract.Pipeline as JSON"),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

api_keys: Final = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False, comment="words separated by spaces"),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("reach_by", sa.Text, comment="owner_id or team; empty: every row"),
    sa.Column("reach", sa.Text, comment="whose rows"),
    sa.Column("last_used_at", sa.BigInteger),
)

lists: Final = sa.Table(
    "lists",
    metadata,
    sa.Column("pipeline", sa.Text, primary_key=True),
    sa.Column("week", sa.Text, primary_key=True, comment="ISO date of its Monday"),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("told", sa.Text, comment="what is told once for all items, as JSON"),
)

LISTED_TEXTS: Final = (
    *("title", "account", "owner", "group", "stage"),
    *("close_median", "last_touch_at", "due_at"),
)
LISTED_NUMBERS: Final = ("value_at_stake", "p_won_period", "score", "amount")
"""What of an item the list is filtered and sorted by: in columns beside the item."""

list_items: Final = sa.Table(
    "list_items",
    metadata,
    sa.Column("pipeline", sa.Text, primary_key=True),
    sa.Column("week", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("deal_id", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False, comment="what the list shows, as JSON"),
    sa.Column("owner_id", sa.Text),
    sa.Column("team", sa.Text),
    *(sa.Column(name, sa.Text) for name in LISTED_TEXTS),
    *(sa.Column(name, sa.Double) for name in LISTED_NUMBERS),
    sa.Index("ix_list_items_deal", "pipeline", "deal_id"),
    sa.Index(
        "ix_list_items_found",
        *("pipeline", "week", "position", "deal_id", "owner_id", "team"),
        *(*LISTED_TEXTS, *LISTED_NUMBERS),
        info=ON_SQLITE,
    ),
)

list_others: Final = sa.Table(
    "list_others",
    metadata,
    sa.Column("pipeline", sa.Text, primary_key=True),
    sa.Column("week", sa.Text, primary_key=True),
    sa.Column("deal_id", sa.Text, primary_key=True),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False, comment="what is known of it, as JSON"),
    sa.Column("owner_id", sa.Text),
    sa.Column("team", sa.Text),
)

list_actions: Final = sa.Table(
    "list_actions",
    metadata,
    sa.Column("action_id", sa.Text, primary_key=True),
    sa.Column("pipeline", sa.Text, nullable=False),
    sa.Column("week", sa.Text, nullable=False),
    sa.Column("deal_id", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("until", sa.BigInteger),
    sa.Column("reason", sa.Text),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Index("ix_list_actions_deal", "pipeline", "deal_id"),
)


def open_database(settings: Settings) -> sa.Engine:
    """Open the workspace's database, made or migrated to the newest version if need be.

    Returns:
        an engine on the settings' URL; the workspace's folder is made for SQLite.

    Raises:
        NotReady: the database cannot be reached, its file cannot be opened, or a newer program has
            migrated it.

    """
    engine = connected(settings)
    try:
        _migrate(engine)
    except Exception as error:
        engine.dispose()
        if not isinstance(error, sa.exc.OperationalError):
            raise
        raise NotReady(
            "the database cannot be opened",
            field="DEALCAST_DATABASE_URL",
            value=engine.url.render_as_string(hide_password=True),
            allowed="a database that answers, and leave to write to it",
            remedy=str(error.orig).strip().partition("\n")[0],
        ) from error
    return engine


def connected(settings: Settings) -> sa.Engine:
    """Return an engine on the settings' URL; nothing is made in the database or migrated."""
    url = sa.make_url(settings.sqlalchemy_url)
    if url.get_backend_name() == "postgresql":
        engine = _engine(url.set(drivername="postgresql+psycopg"))
        sa.event.listen(engine, "handle_error", _refuse_null_characters)
    else:
        settings.workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
        # no limit: the loop itself looks things up, and waits for no thread to give one back
        engine = _engine(url, max_overflow=-1)
        sa.event.listen(engine, "connect", _set_pragmas)
    return engine


def _engine(url: sa.URL, **options: Any) -> sa.Engine:
    # an error is logged: rows in it would outlast their erasure, and show secrets
    return sa.create_engine(url, hide_parameters=True, **options)


def _refuse_null_characters(context: sa.engine.ExceptionContext) -> None:
    """Tell whoever asks for text that PostgreSQL cannot keep, and so never has, what is wrong."""
    if "NUL (0x00)" in str(context.original_exception):
        raise BadInput(
            "text with a null character",
            allowed="text without the character U+0000",
            remedy="leave it out",
        )


def _set_pragmas(connection: Any, _: object) -> None:
    # FULL, because what was acknowledged must outlast a power cut; NORMAL may undo the last commit.
    # 64 MB of log before it goes into the database: pages that each commit of the ledger writes
    # anew are copied once in many commits.
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    _log_ahead(connection)
    for pragma in ("synchronous = FULL", "cache_size = -65536", "wal_autocheckpoint = 16384"):
        connection.execute(f"PRAGMA {pragma}")


def _log_ahead(connection: Any) -> None:
    """Write ahead; where others are just about to begin with it, SQLite does not wait by itself."""
    end = monotonic() + BUSY_MS / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except OperationalError as error:
            if error.sqlite_errorcode & 0xFF != SQLITE_BUSY or monotonic() > end:
                raise
            sleep(0.01)


def _migrate(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        if version(connection) == HEAD:
            return
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        take_turn(connection, _TURN)
        found = version(connection)
        if found == HEAD:  # another worker was first
            return
        if found is not None and found > HEAD:
            raise NotReady(
                "the database is newer than this program",
                field="version",
                value=found,
                allowed=HEAD,
                remedy="run the newer Dealcast that brought it there",
            )
        from alembic import command  # here, because most openings have nothing to migrate
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def take_turn(transaction: sa.Connection, of: int, *, shared: bool = False) -> None:
    """Wait until nobody else has a turn, and keep it until the transaction ends.

    Args:
        transaction: one that will write; SQLite lets only one write anyway.
        of: what PostgreSQL knows the turn by.
        shared: let others have it who share it.
    """
    if transaction.dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
        transaction.execute(sa.select(lock(of)))


def version(connection: sa.Connection) -> str | None:
    """Return the newest migration that a database has had; None: it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
