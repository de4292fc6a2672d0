"""The store: one writer, some readers, opened and closed together (`ports.store.Store`).

`open_store` is for the service and whoever writes; `open_reader` looks into the database beside
a running service and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import cast

import structlog

from recordbridge.instant import Instant
from recordbridge.ports.rows import CallRow, Due, Queue, RequestRow, TranscriptRow, Unit
from recordbridge.store.backend import Backend, backend_of
from recordbridge.store.batch import Piece
from recordbridge.store.batcher import Batcher
from recordbridge.store.commands import Commands
from recordbridge.store.faults import AwayError, RefusedError
from recordbridge.store.leases import Leases
from recordbridge.store.reader import Reader
from recordbridge.store.schema import migrate
from recordbridge.store.statements import Cursor, Statements
from recordbridge.store.writer import CLOSE_S, Notice, Took, Writer

log = structlog.get_logger()

MAX_WAITING = 10_000
"""N-5: how many steps wait while the database is away; more are refused."""
RETRY_S = 0.5
"""Between two tries to open a database that is away."""


class Database(Reader):
    """Commits units (`ports.store.Store`) and reads rows (`ports.lists.Lists`)."""

    def __init__(self, backend: Backend, writer: Writer, worker: str) -> None:
        super().__init__(backend)
        self._writer = writer
        self.commands = Commands(self.run, self._fetch, backend.dialect, worker)
        self.leases = Leases(self.run, self._fetch, backend, worker)

    @property
    def available(self) -> bool:
        """False while the database is away (N-5)."""
        return self._writer.available

    @property
    def away_s(self) -> float:
        """For how long nothing can be committed; 0 while all is well."""
        return self._writer.away_s

    @property
    def transactions(self) -> int:
        """How many were committed since the start; fewer than units when they are grouped."""
        return self._writer.transactions

    @property
    def waiting(self) -> int:
        """How many steps are in the queue."""
        return self._writer.waiting

    def commit(self, unit: Unit, *, quiet: bool = False) -> asyncio.Future[None]:
        """Take the unit into the queue at once; the future is done when it is durable.

        Of a `quiet` unit nobody waits for the success: it is told with that of others, at the
        latest a second later. A failure is always told at once.

        Fails with FenceError when the call's row is not at `version - 1` under this fence, with
        StorageError (`full` set when the disk is) for the rest; other units are unharmed. After
        a unit that was not stored, later units of its call fail with the same StorageError.
        """
        return cast("asyncio.Future[None]", self._writer.put(unit, quiet=quiet))

    def run(self, piece: Piece) -> asyncio.Future[object]:
        """Other writing work, in order with the units, in a transaction with them."""
        return self._writer.put(piece)

    async def take_calls(self, asterisk: str) -> list[CallRow]:
        """Ours (or nobody's) whose machine is not done, oldest first, under a new fence (N-6)."""
        return await self.leases.take_calls(asterisk)

    async def take_requests(self) -> list[RequestRow]:
        """Ours (or nobody's) that wait become ours; returns those not settled, oldest first."""
        return await self.leases.take_requests()

    async def queues(self) -> list[Queue]:
        """What of ours waits in each lane, settled or not."""
        return await self.leases.queues()

    async def due_requests(self, lane: str, until: Instant, most: int) -> Due:
        """At most `most` settled ones of ours that are due in that lane."""
        return await self.leases.due_requests(lane, until, most)

    async def replay_requests(self, ids: list[str], now: Instant) -> None:
        """These become ours and are due again, from the first step of the schedule on (E-5)."""
        await self.leases.replay_requests(ids, now)

    async def take_transcripts(self, most: int) -> list[TranscriptRow]:
        """Those that wait: ours, nobody's and those of dead workers, in their order (N-6)."""
        return await self.leases.take_transcripts(most)

    async def forget_start(self, account: str, key: str) -> None:
        """The request with that key was answered: another one like it is not its repeat (E-1)."""
        await self._write(lambda sql: sql.start_forget, (account, key))

    async def forget_starts(self, before: Instant) -> None:
        """No request is a repeat of one that old."""
        await self._write(lambda sql: sql.starts_forget, (before,))

    async def delete_recording(self, recording_id: str, at: Instant) -> None:
        """Mark the recording as deleted, and delete what was said in it (E-3)."""
        await self._write(lambda sql: sql.transcript_delete, ("", b"[]", recording_id))
        await self._write(lambda sql: sql.recording_delete, (at, recording_id))

    def transcribe_again(self, row: TranscriptRow) -> asyncio.Future[bool]:
        """Ask for the text of a recording; False when it is asked for already (E-5)."""

        def write(cursor: Cursor, sql: Statements) -> object:
            cursor.execute(sql.transcript_again.sql, sql.transcript_again.values(row))
            return cursor.rowcount == 1

        return cast("asyncio.Future[bool]", self.run(write))

    def erase_transcript(self, recording_id: str) -> asyncio.Future[bool]:
        """Delete what was said; False while that is still to be found out (E-5)."""

        def write(cursor: Cursor, sql: Statements) -> object:
            cursor.execute(sql.transcript_erase, ("", b"[]", recording_id))
            return cursor.rowcount == 1

        return cast("asyncio.Future[bool]", self.run(write))

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

    async def timebase(self, boot: str, now_ms: int) -> int:
        """When this machine's monotonic time was zero, for the calls of ours that are open; else
        `now_ms`, which is kept. `boot` names the time for which the machine has been running.
        """
        going_on = await self.leases.any_open()
        name = f"clock of {self.leases.worker}"

        def keep(cursor: Cursor, sql: Statements) -> object:
            cursor.execute(sql.secret_get, (name,))
            row = cursor.fetchone()
            of, _, base_ms = (str(row[0]) if row else "").partition(" ")
            if going_on and of == boot:
                return int(base_ms)
            cursor.execute(sql.secret_set, (name, f"{boot} {now_ms}"))
            return now_ms

        return cast("int", await self.run(keep))

    async def close(self) -> None:
        """Let reads end, commit what waits, checkpoint; a database that hangs is given up."""
        last = asyncio.get_running_loop().call_later(CLOSE_S + 1, self._backend.interrupt)
        try:
            await asyncio.gather(super().close(), self._writer.close())
        finally:
            last.cancel()


@contextlib.asynccontextmanager
async def open_store(
    url: str,
    *,
    worker: str,
    notice: Notice | None = None,
    took: Took | None = None,
    max_waiting: int = MAX_WAITING,
) -> AsyncIterator[Database]:
    """Reserve the database, bring it to this release's schema, serve it until the block ends.

    `url` is `sqlite:///PATH` or `postgresql://...`; `worker` names us to another one that would be
    in our way. `took` is told of every unit how long it took. `notice` is called on the loop when
    the database goes away (False) and is back (True). Raises StorageError, one plain sentence,
    when the database cannot be used.
    """
    backend = backend_of(url)
    with backend.reserved(worker):
        opener = _opener(backend, worker)
        first = await _opened(backend, opener)
        writer = Writer(
            opener,
            backend.watch(),
            first=first,
            loop=asyncio.get_running_loop(),
            notice=notice,
            max_waiting=max_waiting,
            took=took,
        )
        database = Database(backend, writer, worker)
        writer.start()
        try:
            yield database
        finally:
            await database.close()


@contextlib.asynccontextmanager
async def open_reader(url: str) -> AsyncIterator[Reader]:
    """Read beside whoever writes. Raises StorageError when there is nothing we can read."""
    reader = Reader(backend_of(url))
    try:
        await reader.must_be_readable()
        yield reader
    finally:
        await reader.close()


def _opener(backend: Backend, worker: str) -> Callable[[], Batcher]:
    sql = Statements(backend.dialect, worker)

    def open_batcher() -> Batcher:
        return Batcher(backend.connect(worker), backend, sql, worker=worker)

    return open_batcher


async def _opened(backend: Backend, opener: Callable[[], Batcher]) -> Batcher:
    """The first connection, to a migrated database; waits for one that is not there yet."""

    def attempt() -> Batcher:
        migrate(backend)
        return opener()

    loop = asyncio.get_running_loop()
    until = loop.time() + backend.patience_s
    told = False
    while True:
        try:
            return await asyncio.to_thread(attempt)
        except AwayError as error:
            if loop.time() >= until or isinstance(error, RefusedError):
                raise
            if not told:
                log.warning("database_awaited", reason=str(error), seconds=backend.patience_s)
                told = True
        await asyncio.sleep(RETRY_S)
