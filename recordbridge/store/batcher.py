"""Commits a batch on one connection: all in one transaction, of which an item can be undone alone.

The fast way is without savepoints (group commit). When an item fails in it, all is repeated with
a savepoint for each item; when that cannot be committed, each item gets its own transaction.
"""

from __future__ import annotations

import contextlib
import uuid

from recordbridge import failpoints
from recordbridge.errors import StorageError
from recordbridge.ports.rows import Unit
from recordbridge.store.backend import Backend, Connection
from recordbridge.store.batch import Batch, Failed, Item, Piece
from recordbridge.store.faults import AwayError
from recordbridge.store.statements import Statements
from recordbridge.store.units import Repeats, StaleError, Standing, write

_BAD_VALUES = (ValueError, OverflowError, TypeError)
"""What drivers raise for a value they cannot send, such as a lone surrogate in a text."""
_SAVE, _FORGET, _UNDO = "SAVEPOINT item", "RELEASE SAVEPOINT item", "ROLLBACK TO SAVEPOINT item"


class Batcher:
    """Owns a connection. Every method raises AwayError when the connection is of no use."""

    def __init__(
        self, connection: Connection, backend: Backend, sql: Statements, *, worker: str
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._worker = worker
        self._own = uuid.uuid4().hex
        self._backend = backend
        self._errors = backend.errors
        self._failures: tuple[type[Exception], ...] = (*backend.errors, *_BAD_VALUES, StorageError)
        self._sql = sql
        self.transactions = 0

    def close(self) -> None:
        """Drop the connection, and with it an open transaction and its lock.

        Not left to `close()` alone: SQLite keeps a connection, locks and all, for as long as
        a statement of it lives, and the cursor may be held by an error's traceback.
        """
        with contextlib.suppress(*self._errors):
            self._cursor.execute("ROLLBACK")
        try:
            self._cursor.close()
            self._connection.close()
        except self._errors as error:
            raise self._backend.translated(error) from error

    def end(self) -> None:
        """The last words, outside of any transaction: leave the database tidy."""
        if self._backend.farewell:
            self._say(self._backend.farewell)

    def probe(self) -> None:
        """Find out whether anything could be committed now."""
        self._say(self._backend.begin)
        self._rollback()

    def commit(self, batch: Batch, failed: Failed) -> None:
        """Settle every item that is not settled yet, in their order."""
        self._clear_doubt(batch, failed)
        waiting = batch.waiting()
        if waiting and not self._together(batch, waiting, failed):
            repeats = Repeats(item.work for item in batch.items if isinstance(item.work, Unit))
            if not self._apart(batch, waiting, repeats, failed):
                for item in batch.waiting():
                    self._apart(batch, [item], repeats, failed)

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
            self._cursor.execute(self._backend.begin)
            for item in items:
                item.outcome = self._perform(item.work)
            self._commit(batch, items)
        except self._failures as error:
            self._give_up(error)
            return False
        for item in items:
            failed.stored(item)
        return True

    def _apart(self, batch: Batch, items: list[Item], repeats: Repeats, failed: Failed) -> bool:
        """One transaction with a savepoint for each; False when those not refused are not kept.

        Then each is to be tried alone; of a single one nothing is left to try.
        """
        try:
            self._cursor.execute(self._backend.begin)
            kept = [item for item in items if self._saved(item, repeats, failed)]
            self._commit(batch, kept)
        except self._failures as error:
            failure = self._give_up(error)
            if len(items) == 1 and not items[0].settled:
                failed.refused(items[0], failure)
            return len(items) == 1
        for item in kept:
            failed.stored(item)
        return True

    def _saved(self, item: Item, repeats: Repeats, failed: Failed) -> bool:
        """Perform the item in the open transaction; False when it was undone and refused."""
        self._cursor.execute(_SAVE)
        try:
            try:
                item.outcome = self._perform(item.work)
            except StaleError as stale:
                self._judge(stale, repeats, failed)
        except self._failures as error:
            failure = self._failure(error)
            self._undo(failure)
            failed.refused(item, failure)
            return False
        self._cursor.execute(_FORGET)
        failed.fits(item)
        return True

    def _undo(self, failure: StorageError) -> None:
        """Take back one item. Raises its failure when the whole transaction is gone with it."""
        try:
            self._cursor.execute(_UNDO)
        except self._errors as error:
            worse = self._backend.translated(error)
            raise (worse if isinstance(worse, AwayError) else failure) from error

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
        if failpoints.ON:
            failpoints.hold()
        try:
            self._cursor.execute("COMMIT")
        except self._errors as error:
            if isinstance(self._backend.translated(error), AwayError):
                batch.doubt(items, mark)
            raise
        self.transactions += 1

    def _perform(self, work: Unit | Piece) -> object:
        if isinstance(work, Unit):
            write(self._cursor, self._sql, work)
            return None
        return work(self._cursor, self._sql)

    def _give_up(self, error: Exception) -> StorageError:
        """Roll all back; the failure of the one item. Raises AwayError when waiting may help."""
        failure = self._failure(error)
        self._rollback()
        return failure

    def _failure(self, error: Exception) -> StorageError:
        """What the item fails with. Raises AwayError when waiting may help."""
        if isinstance(error, StorageError):
            failure = error
        elif isinstance(error, self._errors):
            failure = self._backend.translated(error)
        else:
            place = self._backend.place
            failure = StorageError(f"The database {place} cannot keep the value ({error}).")
        if failure is not error:
            failure.__cause__ = error
        if isinstance(failure, AwayError):
            raise failure
        return failure

    def _say(self, sql: str, parameters: tuple[object, ...] = ()) -> None:
        try:
            self._cursor.execute(sql, parameters)
        except self._errors as error:
            raise self._backend.translated(error) from error

    def _rollback(self) -> None:
        """End the transaction; SQLite has ended it by itself after some errors."""
        try:
            self._cursor.execute("ROLLBACK")
        except self._errors as error:
            if "no transaction is active" not in str(error):
                place = self._backend.place
                raise AwayError(f"The database {place} lost its connection.") from error
