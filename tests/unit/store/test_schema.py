"""Opening brings any database we can use to this release's schema, and refuses the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from recordbridge.errors import StorageError
from recordbridge.store import open_reader, open_store, schema
from recordbridge.store.backend import backend_of
from recordbridge.store.tables import metadata
from tests.unit.store.places import Place

MIGRATIONS = Path(schema.__file__).parent / "migrations"


def _content(place: Place) -> list[tuple[object, ...]]:
    return place.rows("SELECT version_num FROM alembic_version") + place.rows(
        "SELECT level FROM schema_floor"
    )


@pytest.mark.rule("M-3")
def test_migrated_schema_is_that_of_the_tables(place: Place) -> None:
    backend = backend_of(place.url)
    engine = backend.migrator()
    schema.migrate(backend)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_newest_migration_has_this_releases_level() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.revision(schema.LEVEL)]


def test_migrating_again_changes_nothing(place: Place) -> None:
    backend = backend_of(place.url)
    schema.migrate(backend)
    before = _content(place)
    schema.migrate(backend)
    assert _content(place) == before


def test_failed_migration_leaves_an_empty_database(place: Place) -> None:
    """The migration is one transaction: a table that is in the way undoes all of it."""
    backend = backend_of(place.url)
    engine = backend.migrator()
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT NOT NULL)")
        connection.exec_driver_sql("CREATE TABLE secrets (other TEXT)")
        connection.commit()
    with pytest.raises(StorageError):
        schema.migrate(backend)
    with engine.connect() as connection:
        assert set(engine.dialect.get_table_names(connection)) == {"alembic_version", "secrets"}


@pytest.mark.rule("M-3")
async def test_much_newer_schema_is_refused_in_one_sentence(place: Place, url: str) -> None:
    async with open_store(url, worker="rb-1"):
        pass
    place.execute("UPDATE alembic_version SET version_num = '0099'")
    place.execute("UPDATE schema_floor SET level = 99")
    with pytest.raises(StorageError, match=r"made by a newer release .*0099.*install that release"):
        async with open_store(url, worker="rb-1"):
            pass


@pytest.mark.rule("M-3")
async def test_next_schema_that_keeps_our_level_is_used_as_it_is(place: Place, url: str) -> None:
    async with open_store(url, worker="rb-1"):
        pass
    place.execute("ALTER TABLE calls ADD COLUMN later TEXT")
    place.execute(f"UPDATE alembic_version SET version_num = '{schema.revision(schema.LEVEL + 1)}'")
    async with open_store(url, worker="rb-1") as store:
        assert store.available
        assert await store.call("c1") is None
    async with open_reader(url) as reader:
        assert await reader.call("c1") is None


@pytest.mark.rule("M-3")
async def test_the_release_before_can_write_beside_us_and_its_rows_are_ours_later(
    place: Place, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Level 2 knows no owner: its statements name its own columns, before and after ours came."""
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "LEVEL", 2)
        schema.migrate(backend_of(url))
    for uuid in ("before", "after"):
        place.execute(
            "INSERT INTO calls (call_uuid, asterisk, channel_id, account, application, caller,"
            " dialled, direction, status, entered_at, hangup_cause, open, state, version, fence)"
            f" VALUES ('{uuid}', 'pbx', 'c', 'a', 'b', '', '', '', '', 1, '', true, '', 1, 0)"
        )
        async with open_store(url, worker="rb-1") as store:
            assert uuid in [row.call_uuid for row in await store.take_calls("pbx")]


async def test_tables_of_another_program_are_refused(place: Place, url: str) -> None:
    place.execute("CREATE TABLE users (name TEXT)")
    with pytest.raises(StorageError, match="belongs to another program"):
        async with open_store(url, worker="rb-1"):
            pass


async def test_reader_asks_for_the_service_when_the_schema_is_old(place: Place, url: str) -> None:
    place.execute("CREATE TABLE alembic_version (version_num TEXT)")
    place.execute("INSERT INTO alembic_version VALUES ('0000')")
    with pytest.raises(StorageError, match="start the service once"):
        async with open_reader(url):
            pass
