"""Brings the database to this release's schema with the migrations that lie in the package.

Levels count up from 1 and are the revision ids ("0001", ...). A migration leaves what the
previous level needs; one that cannot raises `schema_floor`, and older releases refuse (M-3).
"""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from recordbridge.errors import StorageError
from recordbridge.store.backend import Backend
from recordbridge.store.tables import schema_floor

LEVEL = 7
"""The schema level of this release; the newest migration has this number."""
_ALONE = "SELECT pg_advisory_lock(hashtextextended('recordbridge schema', 0))"
_ONE_AT_A_TIME = threading.Lock()  # alembic's `context` is global to the process


def revision(level: int) -> str:
    """The alembic revision id of a level."""
    return f"{level:04d}"


def migrate(backend: Backend) -> None:
    """Bring an empty or older database to LEVEL. Raises StorageError for one we cannot use."""
    engine = backend.migrator()
    try:
        with engine.connect() as connection:
            if backend.shared:  # one worker after the other; the lock goes with the session
                connection.exec_driver_sql(_ALONE)
            found = found_level(connection, backend.place)
            connection.rollback()  # PostgreSQL has begun a transaction by the look
            if found < LEVEL:
                _upgrade(connection)
    except DBAPIError as error:
        raise backend.translated(error.orig or error) from error
    finally:
        engine.dispose()


def must_be_readable(engine: Engine, backend: Backend) -> None:
    """For those who only read. Raises StorageError unless the schema is one we can use."""
    place = backend.place
    try:
        with engine.connect() as connection:
            found = found_level(connection, place)
    except DBAPIError as error:
        raise backend.translated(error.orig or error) from error
    if found < LEVEL:
        raise StorageError(
            f"The database {place} has an older schema ({found}, not {LEVEL}); "
            "start the service once to bring it up to date."
        )


def found_level(connection: Connection, place: str) -> int:
    """0 for an empty database; a newer one that lets us in counts as LEVEL."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        _must_be_empty(connection, place)
        return 0
    if found.isdecimal() and int(found) <= LEVEL:
        return int(found)
    floor = connection.execute(select(schema_floor.c.level)).scalar()
    if floor is None or floor > LEVEL:
        raise StorageError(
            f"The database {place} was made by a newer release (schema {found}, "
            f"this release knows up to {revision(LEVEL)}); install that release."
        )
    return LEVEL


def _must_be_empty(connection: Connection, place: str) -> None:
    if connection.dialect.get_table_names(connection):
        raise StorageError(
            f"The database {place} belongs to another program: its tables are not ours."
        )


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, revision(LEVEL))
