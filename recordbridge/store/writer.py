"""The one writer thread: takes what waits, commits it as a group, tells the loop once (M-3, N-5).

Items are committed in the order they were given. While the database is away they wait, bounded
and in order, and are tried again until it is back or the service stops.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable

import structlog

from recordbridge.errors import StorageError
from recordbridge.ports.rows import Unit
from recordbridge.store.batch import Batch, Failed, Item, Piece
from recordbridge.store.batcher import Batcher
from recordbridge.store.faults import AwayError

log = structlog.get_logger()

BATCH = 256
"""Most items in one transaction: bounds how long the first of them waits."""
PROBE_S = 1.0
"""How often an idle writer looks whether it could commit."""
FIRST_BACK_OFF_S = 0.05
MOST_BACK_OFF_S = 1.0
CLOSE_S = 3.0
"""How long a database that is away is still tried after `close` (N-7)."""

Took = Callable[[float], None]
"""Told in the writer's thread how many seconds it took until a unit was durable."""
Notice = Callable[[bool], None]
"""Told on the loop when the database went away (False) or came back (True)."""


class Writer:
    """Owns the writing connection. `open_batcher` makes it anew, `ready` raises AwayError."""

    def __init__(
        self,
        open_batcher: Callable[[], Batcher],
        ready: Callable[[], None],
        *,
        first: Batcher | None = None,
        loop: asyncio.AbstractEventLoop,
        notice: Notice | None,
        max_waiting: int,
        took: Took | None = None,
    ) -> None:
        self._took = took
        self._open_batcher = open_batcher
        self._ready = ready
        self._loop = loop
        self._notice = notice
        self._max_waiting = max_waiting
        self._queue: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._batcher = first
        self._failed = Failed()
        self._untold: list[Item] = []
        """Kept, but nobody waits to hear it."""
        self._ended = loop.create_future()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._transactions = 0
        self._trying = False
        self._well_at = time.monotonic()
        self.available = True

    @property
    def away_s(self) -> float:
        """Since when nothing could be committed: also while the database only keeps silent."""
        return time.monotonic() - self._well_at if self._trying else 0.0

    @property
    def transactions(self) -> int:
        """How many were committed, reconnections included."""
        batcher = self._batcher
        return self._transactions + (batcher.transactions if batcher is not None else 0)

    @property
    def waiting(self) -> int:
        """How many items no batch has taken yet."""
        return self._queue.qsize()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, work: Unit | Piece, *, quiet: bool = False) -> asyncio.Future[object]:
        """Queue the work; the future has its outcome, or StorageError.

        Of `quiet` work the success is told with that of other work, or when there is none for
        PROBE_S: to wake the loop costs it more than most of what it would do then.
        """
        future: asyncio.Future[object] = self._loop.create_future()
        if self._closing.is_set():
            future.set_exception(StorageError("The database is closed."))
        elif self._queue.qsize() >= self._max_waiting:
            what = "too slow" if self.available else "away"
            future.set_exception(
                StorageError(f"The database is {what} and {self._max_waiting} steps wait already.")
            )
        else:
            self._queue.put(Item(work, future, quiet=quiet))
        return future

    async def close(self) -> None:
        """Commit what waits, then end the thread."""
        if not self._closing.is_set():
            self._closing.set()
            self._queue.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    # The rest runs in the thread.

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        finally:
            if not self._closing.is_set():  # a mistake of ours ended it: nobody may wait for ever
                self._closing.set()
                self._report(available=False)
            self._farewell()
            self._tell_all()
            self._loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        """On the loop, where nobody can add to the queue meanwhile."""
        left = Batch(self._drain())
        left.fail_waiting(StorageError("The database is closed."))
        _resolve(left.items)
        self._ended.set_result(None)

    def _turn(self) -> bool:
        """Commit one batch; False after the last one."""
        batch: list[Item] = []
        try:
            item = self._queue.get(timeout=PROBE_S)
            while item is not None and len(batch) < BATCH:
                batch.append(item)
                item = self._queue.get_nowait()
        except queue.Empty:
            return self._idle() if not batch else self._keep(batch)
        if item is None:
            return self._keep(batch) and False
        batch.append(item)
        return self._keep(batch)

    def _keep(self, items: list[Item]) -> bool:
        """Commit the items, however long the database is away."""
        batch = Batch(items)
        try:
            self._persist(lambda: self._usable().commit(batch, self._failed))
        finally:
            self._tell(batch, StorageError("The database was away until the service stopped."))
        return True

    def _idle(self) -> bool:
        self._persist(lambda: self._usable().probe())
        self._tell_all()
        return True

    def _persist(self, attempt: Callable[[], None]) -> None:
        """Repeat the attempt while the database is away, but not long after `close`."""
        back_off = FIRST_BACK_OFF_S
        last_try = float("inf")
        self._trying = True
        while True:
            try:
                attempt()
            except AwayError as error:
                self._away(error)
            else:
                self._back()
                return
            if self._closing.is_set():
                last_try = min(last_try, time.monotonic() + CLOSE_S)
                time.sleep(FIRST_BACK_OFF_S)
            else:
                self._closing.wait(back_off)
            back_off = min(back_off * 2, MOST_BACK_OFF_S)
            if time.monotonic() >= last_try:
                return

    def _usable(self) -> Batcher:
        self._ready()
        if self._batcher is None:
            self._batcher = self._open_batcher()
        return self._batcher

    def _away(self, error: AwayError) -> None:
        self._drop_connection()
        if self.available:
            log.error("database_away", reason=str(error))
            self._report(available=False)

    def _back(self) -> None:
        self._well_at = time.monotonic()
        self._trying = False
        if not self.available:
            log.info("database_back", waiting=self._queue.qsize())
            self._report(available=True)

    def _report(self, *, available: bool) -> None:
        self.available = available
        if self._notice is not None:
            self._loop.call_soon_threadsafe(self._notice, available)

    def _farewell(self) -> None:
        if self._batcher is not None:
            try:
                self._batcher.end()
            except StorageError as error:
                log.warning("database_checkpoint_failed", reason=str(error))
        self._drop_connection()

    def _drop_connection(self) -> None:
        batcher, self._batcher = self._batcher, None
        if batcher is not None:
            self._transactions += batcher.transactions
            try:
                batcher.close()
            except StorageError as error:
                log.warning("database_close_failed", reason=str(error))

    def _drain(self) -> list[Item]:
        left: list[Item] = []
        try:
            while True:
                item = self._queue.get_nowait()
                if item is not None:
                    left.append(item)
        except queue.Empty:
            return left

    def _tell(self, batch: Batch, otherwise: StorageError) -> None:
        """Hand all verdicts to the loop at once; `otherwise` is that of unsettled items."""
        batch.fail_waiting(otherwise)
        if self._took is not None:
            now = time.monotonic()
            for item in batch.items:
                if item.failure is None:
                    self._took(now - item.at)
        self._untold += batch.items
        quiet = all(item.quiet and item.failure is None for item in batch.items)
        if not quiet or len(self._untold) >= BATCH:
            self._tell_all()

    def _tell_all(self) -> None:
        untold, self._untold = self._untold, []
        if untold:
            self._loop.call_soon_threadsafe(_resolve, untold)


def _resolve(items: list[Item]) -> None:
    for item in items:
        item.resolve()
