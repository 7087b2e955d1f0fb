import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from data.bulk import Merged, merge, read, writing
from data.contract import TABLES
from data.database import HEAD, contract_tables, metadata, open_database, version
from data.errors import NotReady
from data.lookup import IDS, Commits, Lookup, Remembered
from data.settings import Settings

CHANGES = contract_tables["changes"]


def test_migrations_lead_to_exactly_the_declared_tables(database: sa.Engine) -> None:
    with database.connect() as connection:
        opts = {"compare_type": True, "include_object": _is_made_on(connection.dialect.name)}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD


def _is_made_on(dialect: str) -> Callable[..., bool]:
    return lambda one, *_: getattr(one, "info", {}).get("dialect", dialect) == dialect


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "data/migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_database_that_is_open_already_is_opened_again(settings: Settings) -> None:
    first = open_database(settings)
    with first.begin() as connection:
        connection.execute(sa.text("INSERT INTO pipelines VALUES ('p', '{}', 0)"))
    first.dispose()
    second = open_database(settings)
    with second.connect() as connection:
        assert connection.execute(sa.text("SELECT name FROM pipelines")).scalar() == "p"
    second.dispose()


def test_workers_that_start_at_once_make_the_tables_once(settings: Settings) -> None:
    with ThreadPoolExecutor(4) as workers:
        for engine in workers.map(lambda _: open_database(settings), range(4)):
            with engine.connect() as connection:
                assert version(connection) == HEAD
            engine.dispose()


@pytest.mark.parametrize("asked", [0, 1, 2, 3, 300])
def test_a_lookup_finds_what_its_query_finds(database: sa.Engine, asked: int) -> None:
    rows = pl.DataFrame(
        [
            {name: f"{name} {number}" for name in ("deal_id", "value")}
            | {"pipeline": f"p{number % 2}", "field": "stage", "at": number, "recorded_at": number}
            | {"seq": 0, "number": None}
            for number in range(400)
        ]
    )
    with writing(database) as connection:
        merge(connection, CHANGES, rows)
    query = sa.select(CHANGES, CHANGES.c.number.is_(None).label("unnumbered")).where(
        CHANGES.c.deal_id.in_(IDS), CHANGES.c.pipeline == sa.bindparam("pipeline")
    )
    ids = ["nobody's", *(f"deal_id {number}" for number in range(asked))][:asked]
    with database.connect() as connection:
        told = connection.execute(query, {"ids": ids, "pipeline": "p1"}).mappings()
        wanted = sorted(map(dict, told), key=itemgetter("at"))
    found = Lookup(query).rows(database, ids, pipeline="p1")
    assert len(wanted) == max(asked - 1, 0) // 2
    assert sorted(found, key=itemgetter("at")) == wanted


def test_a_lookup_of_a_lost_table_fails_as_any_query_does(database: sa.Engine) -> None:
    lost = sa.table("lost", sa.column("deal_id"))
    with pytest.raises(sa.exc.DBAPIError, match="lost"):
        Lookup(sa.select(lost).where(lost.c.deal_id.in_(IDS))).rows(database, ["x"])


def test_a_lookup_that_finds_no_database_says_so_as_any_query_does(tmp_path: Path) -> None:
    away = sa.create_engine(f"sqlite:///{tmp_path}/nowhere/dealcast.db")
    lookup = Lookup(sa.select(CHANGES).where(CHANGES.c.deal_id.in_(IDS)))
    with pytest.raises(sa.exc.OperationalError, match="unable to open"):
        lookup.rows(away, ["x"])


def test_an_error_of_the_database_shows_no_row(database: sa.Engine) -> None:
    query = sa.text("SELECT * FROM nowhere WHERE deal_id = :deal_id")
    with pytest.raises(sa.exc.DBAPIError, match="nowhere") as told, database.connect() as one:
        one.execute(query, {"deal_id": "Private matter"})
    assert "Private matter" not in str(told.value)


def test_a_lookup_waits_for_no_connection_of_others(tmp_path: Path) -> None:
    engine = open_database(Settings(workspace=tmp_path))
    lookup = Lookup(sa.select(CHANGES).where(CHANGES.c.deal_id.in_(IDS)))
    with ExitStack() as held:
        for _ in range(60):  # more than a service has threads
            held.enter_context(engine.connect())
        assert lookup.rows(engine, ["x"]) == []
    engine.dispose()


def test_a_database_that_a_newer_program_migrated_is_left_alone(settings: Settings) -> None:
    engine = open_database(settings)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(NotReady, match=r"newer than this program.*9999"):
        open_database(settings)


def test_answers_are_remembered_until_anybody_commits(tmp_path: Path) -> None:
    engine = open_database(Settings(workspace=tmp_path))
    memory: Remembered[str, str] = Remembered(lambda one: one if one != "many" else None, most=2)
    commits = Commits(engine, [memory])

    def known() -> list[str | None]:
        return asyncio.run(looked())

    async def looked() -> list[str | None]:
        commits.look()
        await asyncio.sleep(0)  # the next turn of the loop looks anew
        return [memory.get(one) for one in ("a", "b", "c", "many")]

    def ask(*names: str) -> None:
        known()
        for name in names:
            memory.keep(name, name)

    assert known() == [None, None, None, None]
    ask("a", "b", "many")
    assert known() == ["a", "b", None, None]
    ask("c")  # there is room for two
    assert known() == [None, None, "c", None]
    with writing(engine) as connection:
        merge(connection, CHANGES, changes([("a", 1, "x", None)]))
        assert known() == [None, None, "c", None]  # it may yet be undone
    assert known() == [None, None, None, None]
    ask("a")
    program = "import sys, sqlite3; sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version = 7')"
    command = [sys.executable, "-c", program, engine.url.database or ""]
    subprocess.run(command, check=True)
    assert known() == [None, None, None, None]
    ask("a")
    commits.close()  # as if the database did not answer
    assert known() == [None, None, None, None]
    engine.dispose()


def test_one_look_is_enough_for_what_begins_in_one_turn_of_the_loop(tmp_path: Path) -> None:
    engine = open_database(Settings(workspace=tmp_path))
    memory: Remembered[str, str] = Remembered(lambda one: one)
    commits = Commits(engine, [memory])

    async def kept() -> list[str | None]:
        seen = []
        commits.look()
        memory.keep("a", "a")
        with writing(engine) as connection:
            merge(connection, CHANGES, changes([("a", 1, "x", None)]))
        for _ in range(2):
            commits.look()
            seen.append(memory.get("a"))
            await asyncio.sleep(0)
        return seen

    assert asyncio.run(kept()) == ["a", None]
    commits.close()
    engine.dispose()


def test_sqlite_lets_readers_read_while_a_writer_writes(tmp_path) -> None:
    engine = open_database(Settings(workspace=tmp_path))
    with engine.connect() as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()


def changes(rows: list[tuple[str, int, str | None, float | None]]) -> pl.DataFrame:
    said = [("p", deal, "stage", at, 0, at, value, number) for deal, at, value, number in rows]
    return pl.DataFrame(said, schema=TABLES["changes"].schema, orient="row")


def stored(database: sa.Engine) -> pl.DataFrame:
    with database.connect() as connection:
        return read(connection, sa.select(CHANGES)).sort("deal_id", "at")


def test_a_merge_counts_what_is_new_changed_and_as_before(database: sa.Engine) -> None:
    first = changes([("a", 1, "x", None), ("b", 1, None, 2.0), ("c", 1, "'\\%s\n", None)])
    second = changes([("a", 1, "y", None), ("b", 1, None, 2.0), ("d", 1, None, None)])
    with writing(database) as transaction:
        assert merge(transaction, CHANGES, first) == Merged(accepted=3)
    with writing(database) as transaction:
        assert merge(transaction, CHANGES, second) == Merged(1, 1, 1)
    expected = pl.concat([second, first.filter(pl.col("deal_id") == "c")]).sort("deal_id")
    assert stored(database).equals(expected)


def test_a_column_of_nulls_keeps_its_type(database: sa.Engine) -> None:
    rows = changes([(f"{i:05}", i, None, None) for i in range(3000)] + [("z", 1, "late", 0.5)])
    with writing(database) as transaction:
        merge(transaction, CHANGES, rows)
    again = stored(database)
    assert again.schema == TABLES["changes"].schema
    assert again.equals(rows)


def test_an_error_undoes_the_whole_transaction(database: sa.Engine) -> None:
    def fail_halfway() -> None:
        with writing(database) as transaction:
            merge(transaction, CHANGES, changes([("a", 1, "x", None)]))
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail_halfway()
    assert stored(database).is_empty()


ROWS = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 3)),
    st.tuples(
        st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
        st.none() | st.floats(allow_nan=False),
    ),
    max_size=8,
)


@given(first=ROWS, second=ROWS)
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_merging_is_a_dictionary_update(database: sa.Engine, first, second) -> None:
    with database.begin() as connection:
        connection.execute(sa.delete(CHANGES))
    for rows in (first, second, second):
        with writing(database) as transaction:
            merged = merge(transaction, CHANGES, changes([(*k, *v) for k, v in rows.items()]))
    assert (merged.accepted, merged.changed) == (0, 0)
    expected = (
        changes(sorted((*k, *v) for k, v in (first | second).items()))
        if first | second
        else changes([])
    )
    assert stored(database).equals(expected)


@pytest.mark.parametrize("rows", [0, 1, 2, 1_500])
def test_what_is_read_in_pieces_is_all_that_was_written(database: sa.Engine, rows: int) -> None:
    written = [{"owner_id": f"o{number:04}", "name": "n"} for number in range(rows)]
    table = contract_tables["owners"]
    with database.begin() as connection:
        if written:
            connection.execute(table.insert(), written)
    with database.connect() as connection:
        found = read(connection, sa.select(table).order_by(table.c.owner_id))
    assert found["owner_id"].to_list() == [row["owner_id"] for row in written]
