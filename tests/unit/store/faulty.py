"""A store on a real database whose connection fails where a test says so."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Literal
from unittest import mock

import psycopg

from recordbridge.store import Database, database, open_store
from recordbridge.store.backend import Connection, backend_of
from recordbridge.store.postgres import Postgres
from recordbridge.store.sqlite import Sqlite
from recordbridge.store.statements import Cursor

Fate = Literal["kept", "lost", "unknown", "full"]
"""What is done and reported; fails undone; fails though it was done; finds the disk full."""


class Fates:
    """What becomes of the next statements that begin and commit; later ones are kept."""

    def __init__(self) -> None:
        self.begins: deque[Fate] = deque()
        self.commits: deque[Fate] = deque()

    def of(self, sql: str) -> Fate:
        waiting = {"BEGIN": self.begins, "COMMIT": self.commits}.get(sql.split(maxsplit=1)[0])
        return waiting.popleft() if waiting else "kept"


class FaultyCursor:
    def __init__(self, cursor: Cursor, fates: Fates, lost: Exception, full: Exception) -> None:
        self._cursor = cursor
        self._fates = fates
        self._lost = lost
        self._full = full

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> object:
        fate = self._fates.of(sql)
        if fate == "lost":
            raise self._lost
        if fate == "full":
            raise self._full
        self._cursor.execute(sql, tuple(parameters))
        if fate == "unknown":
            raise self._lost
        return self

    @property
    def description(self) -> object:
        return self._cursor.description

    def fetchall(self) -> list[tuple[object, ...]]:
        return self._cursor.fetchall()

    def fetchone(self) -> tuple[object, ...] | None:
        return self._cursor.fetchone()

    def close(self) -> None:
        self._cursor.close()


class FaultyConnection:
    def __init__(self, connection: Connection, make: type[FaultySqlite | FaultyPostgres]) -> None:
        self._connection = connection
        self._make = make

    def cursor(self) -> FaultyCursor:
        make = self._make
        return FaultyCursor(self._connection.cursor(), make.fates, make.lost(), make.full())

    def close(self) -> None:
        self._connection.close()


def _error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as the test wanted")
    error.sqlite_errorcode = code
    return error


class FaultySqlite(Sqlite):
    fates: Fates

    def connect(self, worker: str) -> Connection:  # type: ignore[override]  # a wrapped one
        return FaultyConnection(super().connect(worker), type(self))

    @staticmethod
    def lost() -> Exception:
        return _error(sqlite3.SQLITE_IOERR)

    @staticmethod
    def full() -> Exception:
        return _error(sqlite3.SQLITE_FULL)


class FaultyPostgres(Postgres):
    fates: Fates

    def connect(self, worker: str) -> Connection:  # type: ignore[override]  # a wrapped one
        return FaultyConnection(super().connect(worker), type(self))

    @staticmethod
    def lost() -> Exception:
        return psycopg.OperationalError("as the test wanted")

    @staticmethod
    def full() -> Exception:
        return psycopg.errors.DiskFull("as the test wanted")


@contextlib.asynccontextmanager
async def open_faulty(url: str, fates: Fates) -> AsyncIterator[Database]:
    """A store that has these fates."""
    kind = FaultySqlite if isinstance(backend_of(url), Sqlite) else FaultyPostgres
    kind.fates = fates
    with mock.patch.object(database, "backend_of", kind):
        async with open_store(url, worker="rb-1", max_waiting=100) as store:
            yield store
