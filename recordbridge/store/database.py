"""The store: one writer, some readers, opened and closed together (`ports.store.Store`).

`open_store` is for the service and whoever writes; `open_reader` looks into the database beside
a running service and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from recordbridge.errors import StorageError
from recordbridge.instant import Instant
from recordbridge.ports.rows import Unit
from recordbridge.store import sqlite
from recordbridge.store.batch import Piece
from recordbridge.store.batcher import Batcher, Connection, DriverErrors
from recordbridge.store.faults import AwayError, translated
from recordbridge.store.lock import sole_worker
from recordbridge.store.reader import CONNECTIONS, Reader
from recordbridge.store.schema import migrate, must_be_readable
from recordbridge.store.statements import Cursor, Statements
from recordbridge.store.writer import Notice, Writer

MAX_WAITING = 10_000
"""N-5: how many steps wait while the database is away; more are refused."""


class Database(Reader):
    """Commits units (`ports.store.Store`) and reads rows (`ports.lists.Lists`)."""

    def __init__(self, engine: Engine, place: str, writer: Writer) -> None:
        super().__init__(engine, place)
        self._writer = writer

    @property
    def available(self) -> bool:
        """False while the database is away (N-5)."""
        return self._writer.available

    @property
    def transactions(self) -> int:
        """How many were committed since the start; fewer than units when they are grouped."""
        return self._writer.transactions

    @property
    def waiting(self) -> int:
        """How many steps are in the queue."""
        return self._writer.waiting

    def commit(self, unit: Unit) -> asyncio.Future[None]:
        """Take the unit into the queue at once; the future is done when it is durable.

        Fails with FenceError when the call's row is not at `version - 1` under this fence, with
        StorageError (`full` set when the disk is) for the rest; other units are unharmed. After
        a unit that was not stored, later units of its call fail with the same StorageError.
        """
        return cast("asyncio.Future[None]", self._writer.put(unit))

    def run(self, piece: Piece) -> asyncio.Future[object]:
        """Other writing work, in order with the units, in a transaction with them."""
        return self._writer.put(piece)

    async def forget_start(self, account: str, key: str) -> None:
        """The request with that key was answered: another one like it is not its repeat (E-1)."""
        await self._write(lambda sql: sql.start_forget, (account, key))

    async def forget_starts(self, before: Instant) -> None:
        """No request is a repeat of one that old."""
        await self._write(lambda sql: sql.starts_forget, (before,))

    async def delete_recording(self, recording_id: str, at: Instant) -> None:
        """Mark the recording as deleted (E-3)."""
        await self._write(lambda sql: sql.recording_delete, (at, recording_id))

    async def _write(
        self, statement: Callable[[Statements], str], values: tuple[object, ...]
    ) -> None:
        def write(cursor: Cursor, sql: Statements) -> object:
            cursor.execute(statement(sql), values)
            return None

        await self.run(write)

    async def secret(self, name: str, fresh: str) -> str:
        """The secret kept under that name; `fresh` becomes it when there is none (E-4)."""

        def keep(cursor: Cursor, sql: Statements) -> object:
            cursor.execute(sql.secret_insert, (name, fresh))
            cursor.execute(sql.secret_get, (name,))
            row = cursor.fetchone()
            return row[0] if row else fresh

        return str(await self.run(keep))

    async def close(self) -> None:
        """Let reads end, commit what waits, checkpoint."""
        await super().close()
        await self._writer.close()


@contextlib.asynccontextmanager
async def open_store(
    url: str, *, worker: str, notice: Notice | None = None, max_waiting: int = MAX_WAITING
) -> AsyncIterator[Database]:
    """Lock the database, bring it to this release's schema, serve it until the block ends.

    `url` is `sqlite:///PATH`; `worker` names us to a second worker that is refused. `notice` is
    called on the loop when the database goes away (False) and is back (True). Raises
    StorageError, one plain sentence, when the database cannot be used.
    """
    path = sqlite.database_file(url)
    sqlite.must_be_writable(path)
    with sole_worker(path, worker):
        engine = sqlite.writer_engine(path)
        await asyncio.to_thread(migrate, engine, str(path))
        writer = Writer(
            _opener(engine, path, worker),
            _same_file(path),
            loop=asyncio.get_running_loop(),
            notice=notice,
            max_waiting=max_waiting,
        )
        database = Database(sqlite.reader_engine(path, CONNECTIONS), str(path), writer)
        writer.start()
        try:
            yield database
        finally:
            await database.close()


@contextlib.asynccontextmanager
async def open_reader(url: str) -> AsyncIterator[Reader]:
    """Read beside whoever writes. Raises StorageError when there is nothing we can read."""
    path = sqlite.database_file(url)
    if not path.exists():
        raise StorageError(f"The database {path} does not exist.")
    engine = sqlite.reader_engine(path, CONNECTIONS)
    reader = Reader(engine, str(path))
    try:
        await asyncio.to_thread(must_be_readable, engine, str(path))
        yield reader
    finally:
        await reader.close()


def _opener(engine: Engine, path: Path, worker: str) -> Callable[[], Batcher]:
    sql = Statements(engine.dialect)

    def open_batcher() -> Batcher:
        try:
            connection = engine.raw_connection()
        except DriverErrors as error:
            raise translated(str(path), error) from error
        return Batcher(
            cast("Connection", connection),
            str(path),
            sql,
            worker=worker,
            begin=sqlite.BEGIN,
            farewell=sqlite.CHECKPOINT,
        )

    return open_batcher


def _same_file(path: Path) -> Callable[[], None]:
    """A check that the file we opened is still at its path: commits to a removed one are lost."""
    opened = path.stat()

    def check() -> None:
        try:
            found = path.stat()
        except OSError as error:
            raise AwayError(f"The database {path} is gone ({error.strerror}).") from error
        if (found.st_dev, found.st_ino) != (opened.st_dev, opened.st_ino):
            raise AwayError(f"The database {path} was replaced by another file.")

    return check
