"""Commits a batch on one connection: all in one transaction, or each item in its own.

The together way is the fast one (group commit). When an item fails in it, the transaction is
rolled back and every item gets a transaction, and so a verdict, of its own.
"""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from typing import Protocol

from recordbridge.errors import StorageError
from recordbridge.ports.rows import Unit
from recordbridge.store.batch import Batch, Failed, Item, Piece
from recordbridge.store.faults import AwayError, Fault, fault_of, translated
from recordbridge.store.statements import Cursor, Statements
from recordbridge.store.units import Repeats, StaleError, Standing, write

DriverErrors = (sqlite3.Error,)
_BAD_VALUES = (ValueError, OverflowError, TypeError)
"""What drivers raise for a value they cannot send, such as a lone surrogate in a text."""
_FAILURES = (*DriverErrors, *_BAD_VALUES, StorageError)


class Connection(Protocol):
    """What is used of a driver's connection (PEP 249)."""

    def cursor(self) -> Cursor: ...

    def close(self) -> object: ...


class Batcher:
    """Owns a connection. Every method raises AwayError when the connection is of no use."""

    def __init__(
        self,
        connection: Connection,
        place: str,
        sql: Statements,
        *,
        worker: str,
        begin: str,
        farewell: str,
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._worker = worker
        self._own = uuid.uuid4().hex
        self._begin = begin
        self._farewell = farewell
        self._place = place
        self._sql = sql
        self.transactions = 0

    def close(self) -> None:
        """Drop the connection, and with it an open transaction and its lock.

        Not left to `close()` alone: SQLite keeps a connection, locks and all, for as long as
        a statement of it lives, and the cursor may be held by an error's traceback.
        """
        with contextlib.suppress(*DriverErrors):
            self._cursor.execute("ROLLBACK")
        try:
            self._cursor.close()
            self._connection.close()
        except DriverErrors as error:
            raise translated(self._place, error) from error

    def end(self) -> None:
        """The last words, outside of any transaction: leave the file tidy."""
        self._say(self._farewell)

    def probe(self) -> None:
        """Find out whether anything could be committed now."""
        self._say(self._begin)
        self._rollback()

    def commit(self, batch: Batch, failed: Failed) -> None:
        """Settle every item that is not settled yet, in their order."""
        self._clear_doubt(batch, failed)
        waiting = batch.waiting()
        if waiting and not self._together(batch, waiting, failed):
            repeats = Repeats(item.work for item in batch.items if isinstance(item.work, Unit))
            for item in waiting:
                self._alone(batch, item, repeats, failed)

    def _clear_doubt(self, batch: Batch, failed: Failed) -> None:
        """After a commit of unknown outcome: all of it is there, or it is to be repeated."""
        if not batch.in_doubt:
            return
        self._say(self._sql.mark_get, (self._worker,))
        if self._cursor.fetchone() == (batch.mark,):
            for item in batch.in_doubt:
                failed.stored(item)
        batch.doubt([], "")

    def _together(self, batch: Batch, items: list[Item], failed: Failed) -> bool:
        """One transaction for all; False when an item failed and nothing was kept."""
        try:
            self._cursor.execute(self._begin)
            for item in items:
                item.outcome = self._perform(item.work)
            self._commit(batch, items)
        except _FAILURES as error:
            self._give_up(error)
            return False
        for item in items:
            failed.stored(item)
        return True

    def _alone(self, batch: Batch, item: Item, repeats: Repeats, failed: Failed) -> None:
        try:
            self._cursor.execute(self._begin)
            try:
                item.outcome = self._perform(item.work)
            except StaleError as stale:
                self._judge(stale, repeats, failed)
            self._commit(batch, [item])
        except _FAILURES as error:
            failed.refused(item, self._give_up(error))
        else:
            failed.stored(item)

    def _judge(self, stale: StaleError, repeats: Repeats, failed: Failed) -> None:
        """Raises what the unit fails with, unless it was stored before."""
        standing = repeats.standing(self._cursor, self._sql, stale.call)
        reason = failed.reason(stale.call.call_uuid)
        if standing is Standing.BEHIND and reason is not None:
            raise reason from stale
        if standing is not Standing.STORED:
            raise stale

    def _commit(self, batch: Batch, items: list[Item]) -> None:
        mark = f"{self._own} {self.transactions}"
        self._cursor.execute(self._sql.mark_set, (self._worker, mark))
        try:
            self._cursor.execute("COMMIT")
        except DriverErrors as error:
            if fault_of(error) is Fault.AWAY:
                batch.doubt(items, mark)
            raise
        self.transactions += 1

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
        if failure is not error:
            failure.__cause__ = error
        if isinstance(failure, AwayError):
            raise failure
        self._rollback()
        return failure

    def _say(self, sql: str, parameters: tuple[object, ...] = ()) -> None:
        try:
            self._cursor.execute(sql, parameters)
        except DriverErrors as error:
            raise translated(self._place, error) from error

    def _rollback(self) -> None:
        """End the transaction; SQLite has ended it by itself after some errors."""
        try:
            self._cursor.execute("ROLLBACK")
        except DriverErrors as error:
            if "no transaction is active" not in str(error):
                raise AwayError(f"The database {self._place} lost its connection.") from error
