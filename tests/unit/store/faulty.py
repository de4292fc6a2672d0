"""A store on a real database whose connection fails where a test says so."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

from recordbridge.store import Database, sqlite
from recordbridge.store.batcher import Batcher
from recordbridge.store.schema import migrate
from recordbridge.store.statements import Statements
from recordbridge.store.writer import Writer

Fate = Literal["kept", "lost", "unknown", "full"]
"""What is done and reported; fails undone; fails though it was done; finds the disk full."""


class Fates:
    """What becomes of the next statements that begin and commit; later ones are kept."""

    def __init__(self) -> None:
        self.begins: deque[Fate] = deque()
        self.commits: deque[Fate] = deque()

    def of(self, sql: str) -> Fate:
        waiting = {sqlite.BEGIN: self.begins, "COMMIT": self.commits}.get(sql)
        return waiting.popleft() if waiting else "kept"


def _error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as the test wanted")
    error.sqlite_errorcode = code
    return error


class FaultyCursor:
    def __init__(self, cursor: sqlite3.Cursor, fates: Fates) -> None:
        self._cursor = cursor
        self._fates = fates

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> object:
        fate = self._fates.of(sql)
        if fate == "lost":
            raise _error(sqlite3.SQLITE_IOERR)
        if fate == "full":
            raise _error(sqlite3.SQLITE_FULL)
        self._cursor.execute(sql, tuple(parameters))
        if fate == "unknown":
            raise _error(sqlite3.SQLITE_IOERR)
        return self

    def fetchone(self) -> tuple[object, ...] | None:
        return self._cursor.fetchone()  # type: ignore[no-any-return]  # the driver tells no type

    def close(self) -> None:
        self._cursor.close()


class FaultyConnection:
    def __init__(self, connection: sqlite3.Connection, fates: Fates) -> None:
        self._connection = connection
        self._fates = fates

    def cursor(self) -> FaultyCursor:
        return FaultyCursor(self._connection.cursor(), self._fates)

    def close(self) -> None:
        self._connection.close()


@contextlib.asynccontextmanager
async def open_faulty(path: Path, fates: Fates) -> AsyncIterator[Database]:
    """A store that has these fates."""
    engine = sqlite.writer_engine(path)
    migrate(engine, str(path))
    sql = Statements(engine.dialect)

    def open_batcher() -> Batcher:
        raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection = FaultyConnection(raw, fates)
        return Batcher(
            connection,
            str(path),
            sql,
            worker="rb-1",
            begin=sqlite.BEGIN,
            farewell=sqlite.CHECKPOINT,
        )

    writer = Writer(
        open_batcher,
        lambda: None,
        loop=asyncio.get_running_loop(),
        notice=None,
        max_waiting=100,
    )
    store = Database(sqlite.reader_engine(path, 1), str(path), writer)
    writer.start()
    try:
        yield store
    finally:
        await store.close()
