"""SQLite: where the file is and how connections to it are set up.

WAL with `synchronous=FULL`: a commit that was acknowledged is on the disk (M-3). The driver is
in autocommit, so that every transaction here begins and ends by our own words.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

from recordbridge.errors import StorageError
from recordbridge.store.faults import AwayError
from recordbridge.store.lock import sole_worker
from recordbridge.store.sqlite_faults import translated

BUSY_S = 1.0
"""How long one statement waits for a lock of another program."""
BEGIN = "BEGIN IMMEDIATE"
"""Takes the write lock at once, so that no statement in the transaction waits for it."""
CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)"
_WRITER = ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=67108864")
_READER = ("query_only=ON",)


class Sqlite:
    """A file and its one worker (`backend.Backend`)."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    begin = BEGIN
    farewell = CHECKPOINT
    patience_s = 0.0
    shared = False
    dialect: Dialect = make_url("sqlite://").get_dialect()()

    def __init__(self, url: str) -> None:
        self.path = database_file(url)

    @property
    def place(self) -> str:
        return str(self.path)

    @contextlib.contextmanager
    def reserved(self, worker: str) -> Iterator[None]:
        """Hold the file's lock. Raises StorageError when it cannot be ours."""
        must_be_writable(self.path)
        with sole_worker(self.path, worker):
            yield

    def connect(self, worker: str) -> sqlite3.Connection:  # noqa: ARG002 - the lock file knows it
        """The writer's connection."""
        try:
            return cast("sqlite3.Connection", self.migrator().raw_connection())
        except self.errors as error:
            raise self.translated(error) from error

    def watch(self) -> Callable[[], None]:
        """A check that the file we opened is at its path: commits to a removed one are lost."""
        opened = self.path.stat()

        def check() -> None:
            try:
                found = self.path.stat()
            except OSError as error:
                raise AwayError(f"The database {self.path} is gone ({error.strerror}).") from error
            if (found.st_dev, found.st_ino) != (opened.st_dev, opened.st_ino):
                raise AwayError(f"The database {self.path} was replaced by another file.")

        return check

    def migrator(self) -> Engine:
        """Makes connections that write; creates the file."""
        return writer_engine(self.path)

    def readers(self, connections: int) -> Engine:
        """Makes connections that do not."""
        return reader_engine(self.path, connections)

    def exists(self) -> bool:
        return self.path.exists()

    def risks(self, connection: SqlConnection) -> list[str]:  # noqa: ARG002 - it is our own file
        """None that are known."""
        return []

    def translated(self, error: BaseException) -> StorageError:
        return translated(self.place, error)

    def interrupt(self) -> None:
        """Nothing waits here for longer than `BUSY_S`."""


def database_file(url: str) -> Path:
    """The absolute path of a `sqlite:///` URL. Raises StorageError for any other."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StorageError("The database URL cannot be read; allowed is sqlite:///PATH.") from error
    if (
        parsed.get_backend_name() != "sqlite"
        or parsed.query
        or parsed.database in {None, ":memory:"}
    ):
        shown = parsed.render_as_string(hide_password=True)
        raise StorageError(f"The database URL {shown} cannot be used; allowed is sqlite:///PATH.")
    path = Path(str(parsed.database)).absolute()
    if path.is_dir():
        raise StorageError(f"The database {path} is a folder; name a file in it.")
    return path


def must_be_writable(path: Path) -> None:
    """Raises StorageError when the file, or the folder of a new file, may not be written."""
    if not path.parent.is_dir():
        raise StorageError(f"The folder {path.parent} of the database does not exist.")
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK):
            raise StorageError(f"The database {path} cannot be written: no permission on {place}.")


def writer_engine(path: Path) -> Engine:
    """Makes connections for the one writer; creates the file."""
    return _engine(path, _WRITER, None)


def reader_engine(path: Path, connections: int) -> Engine:
    """Makes up to `connections` that cannot change anything."""
    return _engine(path, _READER, connections)


def _engine(path: Path, pragmas: tuple[str, ...], connections: int | None) -> Engine:
    url = URL.create("sqlite", database=str(path))
    arguments = {"isolation_level": None, "check_same_thread": False, "timeout": BUSY_S}
    if connections is None:
        engine = create_engine(url, poolclass=NullPool, connect_args=arguments)
    else:
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            connect_args=arguments,
        )

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    return engine
