"""Opening brings any database we can use to this release's schema, and refuses the rest."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from recordbridge.errors import StorageError
from recordbridge.store import open_reader, open_store, schema
from recordbridge.store.sqlite import writer_engine
from recordbridge.store.tables import metadata

MIGRATIONS = Path(schema.__file__).parent / "migrations"


def _execute(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(sql)
    connection.close()


@pytest.mark.rule("M-3")
def test_migrated_schema_is_that_of_the_tables(path: Path) -> None:
    engine = writer_engine(path)
    schema.migrate(engine, str(path))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_newest_migration_has_this_releases_level() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.revision(schema.LEVEL)]


def test_migrating_again_changes_nothing(path: Path) -> None:
    engine = writer_engine(path)
    schema.migrate(engine, str(path))
    before = path.read_bytes()
    schema.migrate(engine, str(path))
    assert path.read_bytes() == before


def test_failed_migration_leaves_an_empty_database(path: Path) -> None:
    """The migration is one transaction: a table that is in the way undoes all of it."""
    engine = writer_engine(path)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT NOT NULL)")
        connection.exec_driver_sql("CREATE TABLE secrets (other TEXT)")
    with pytest.raises(StorageError):
        schema.migrate(engine, str(path))
    with engine.connect() as connection:
        assert set(engine.dialect.get_table_names(connection)) == {"alembic_version", "secrets"}


@pytest.mark.rule("M-3")
async def test_much_newer_schema_is_refused_in_one_sentence(path: Path, url: str) -> None:
    async with open_store(url, worker="rb-1"):
        pass
    _execute(path, "UPDATE alembic_version SET version_num = '0099'")
    _execute(path, "UPDATE schema_floor SET level = 99")
    with pytest.raises(StorageError, match=r"made by a newer release .*0099.*install that release"):
        async with open_store(url, worker="rb-1"):
            pass


@pytest.mark.rule("M-3")
async def test_next_schema_that_keeps_our_level_is_used_as_it_is(path: Path, url: str) -> None:
    async with open_store(url, worker="rb-1"):
        pass
    _execute(path, "ALTER TABLE calls ADD COLUMN later TEXT")
    _execute(path, "UPDATE alembic_version SET version_num = '0002'")
    async with open_store(url, worker="rb-1") as store:
        assert store.available
        assert await store.call("c1") is None
    async with open_reader(url) as reader:
        assert await reader.call("c1") is None


async def test_tables_of_another_program_are_refused(path: Path, url: str) -> None:
    _execute(path, "CREATE TABLE users (name TEXT)")
    with pytest.raises(StorageError, match="belongs to another program"):
        async with open_store(url, worker="rb-1"):
            pass


async def test_reader_asks_for_the_service_when_the_schema_is_old(path: Path, url: str) -> None:
    _execute(path, "CREATE TABLE alembic_version (version_num TEXT)")
    _execute(path, "INSERT INTO alembic_version VALUES ('0000')")
    with pytest.raises(StorageError, match="start the service once"):
        async with open_reader(url):
            pass
