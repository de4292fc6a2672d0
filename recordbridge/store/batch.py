"""One batch on one connection: all of it in one transaction, or each item in its own.

The together way is the fast one (group commit). When an item fails in it, the transaction is
rolled back and every item gets a transaction, and so a verdict, of its own.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Protocol

from recordbridge.errors import FenceError, StorageError
from recordbridge.ports.rows import Unit
from recordbridge.store.faults import AwayError, translated
from recordbridge.store.statements import Cursor, Statements
from recordbridge.store.units import Repeats, StaleError, write

Piece = Callable[[Cursor, Statements], object]
"""Other work between units; it may be repeated, so it must be written to bear that."""

DriverErrors = (sqlite3.Error,)
_BAD_VALUES = (ValueError, OverflowError, TypeError)
"""What drivers raise for a value they cannot send, such as a lone surrogate in a text."""


class Connection(Protocol):
    """What is used of a driver's connection (PEP 249)."""

    def cursor(self) -> Cursor: ...

    def close(self) -> object: ...


class Item:
    """Work and the future that waits for it; `settled` when its verdict is known."""

    __slots__ = ("failure", "future", "outcome", "settled", "work")

    def __init__(self, work: Unit | Piece, future: asyncio.Future[object]) -> None:
        self.work = work
        self.future = future
        self.outcome: object = None
        self.failure: StorageError | None = None
        self.settled = False

    def fail(self, failure: StorageError) -> None:
        self.failure = failure
        self.settled = True


class Batcher:
    """Commits batches on one connection. Raises AwayError when the connection is of no use.

    `failed` remembers calls of which a unit was not stored for other reasons than its fence:
    their next unit does not fit either, and is given the same reason instead of a FenceError.
    """

    def __init__(
        self, connection: Connection, place: str, sql: Statements, *, begin: str, farewell: str
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._begin = begin
        self._farewell = farewell
        self._place = place
        self._sql = sql
        self.transactions = 0

    def close(self) -> None:
        """Drop the connection; an open transaction is rolled back by that."""
        try:
            self._connection.close()
        except DriverErrors as error:
            raise translated(self._place, error) from error

    def end(self) -> None:
        """The last words, outside of any transaction: leave the file tidy."""
        try:
            self._cursor.execute(self._farewell)
        except DriverErrors as error:
            raise translated(self._place, error) from error

    def probe(self) -> None:
        """Raises AwayError when nothing could be committed now."""
        try:
            self._cursor.execute(self._begin)
        except DriverErrors as error:
            raise translated(self._place, error) from error
        self._rollback()

    def commit(self, batch: list[Item], failed: dict[str, StorageError]) -> None:
        """Settle every item that is not settled yet, in their order."""
        waiting = [item for item in batch if not item.settled]
        if not self._together(waiting):
            repeats = Repeats(item.work for item in batch if isinstance(item.work, Unit))
            for item in waiting:
                self._alone(item, repeats, failed)

    def _together(self, items: list[Item]) -> bool:
        """One transaction for all; False when an item failed and nothing was kept."""
        try:
            self._cursor.execute(self._begin)
            for item in items:
                item.outcome = self._perform(item.work)
            self._cursor.execute("COMMIT")
        except (*DriverErrors, *_BAD_VALUES, StorageError) as error:
            self._give_up(error)
            return False
        self.transactions += 1
        for item in items:
            item.settled = True
        return True

    def _alone(self, item: Item, repeats: Repeats, failed: dict[str, StorageError]) -> None:
        call = item.work.call if isinstance(item.work, Unit) else None
        try:
            self._cursor.execute(self._begin)
            try:
                item.outcome = self._perform(item.work)
            except StaleError as stale:
                if not repeats.is_stored(self._cursor, self._sql, stale.call):
                    raise failed.get(stale.call.call_uuid, stale) from stale
            self._cursor.execute("COMMIT")
        except (*DriverErrors, *_BAD_VALUES, StorageError) as error:
            failure = self._give_up(error)
            item.fail(failure)
            if call is not None and not isinstance(failure, FenceError):
                failed[call.call_uuid] = failure
            return
        self.transactions += 1
        item.settled = True
        if call is not None:
            failed.pop(call.call_uuid, None)

    def _perform(self, work: Unit | Piece) -> object:
        if isinstance(work, Unit):
            write(self._cursor, self._sql, work)
            return None
        return work(self._cursor, self._sql)

    def _give_up(self, error: Exception) -> StorageError:
        """Roll back; the failure of the one item. Raises AwayError when waiting may help."""
        if isinstance(error, StorageError):
            failure = error
        elif isinstance(error, DriverErrors):
            failure = translated(self._place, error)
        else:
            failure = StorageError(f"The database {self._place} cannot keep the value ({error}).")
        failure.__cause__ = error if failure is not error else error.__cause__
        if isinstance(failure, AwayError):
            raise failure
        self._rollback()
        return failure

    def _rollback(self) -> None:
        """End the transaction; SQLite has ended it by itself after some errors."""
        try:
            self._cursor.execute("ROLLBACK")
        except DriverErrors as error:
            if "no transaction is active" not in str(error):
                raise AwayError(f"The database {self._place} lost its connection.") from error
