"""Work that waits to be committed: items with their futures, and the batch they go in.

Items whose commit failed in an unknown way are `in_doubt` until the database tells by `mark`,
which their transaction wrote, whether it was kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from recordbridge.errors import FenceError, StorageError
from recordbridge.ports.rows import CallRow, Unit
from recordbridge.store.statements import Cursor, Statements

Piece = Callable[[Cursor, Statements], object]
"""Other work between units; it may be repeated, so it must be written to bear that."""


class Item:
    """Work and the future that waits for it; `settled` when its verdict is known."""

    __slots__ = ("at", "failure", "future", "outcome", "quiet", "settled", "work")

    def __init__(
        self, work: Unit | Piece, future: asyncio.Future[object], *, quiet: bool = False
    ) -> None:
        self.work = work
        self.future = future
        self.at = time.monotonic()
        """When it was handed over."""
        self.quiet = quiet
        """Nobody waits for its success."""
        self.outcome: object = None
        self.failure: StorageError | None = None
        self.settled = False

    @property
    def call(self) -> CallRow | None:
        """The call's row that the work writes."""
        return self.work.call if isinstance(self.work, Unit) else None

    def resolve(self) -> None:
        """On the loop: give the future its verdict, unless its waiter has left."""
        if self.future.done():
            return
        if self.failure is not None:
            self.future.set_exception(self.failure)
        else:
            self.future.set_result(self.outcome)


class Batch:
    """Items in the order they were given."""

    __slots__ = ("in_doubt", "items", "mark")

    def __init__(self, items: list[Item]) -> None:
        self.items = items
        self.in_doubt: list[Item] = []
        self.mark = ""

    def waiting(self) -> list[Item]:
        """Items without a verdict."""
        return [item for item in self.items if not item.settled]

    def doubt(self, items: list[Item], mark: str) -> None:
        """The commit of these failed, and nobody knows whether it was kept."""
        self.in_doubt = items
        self.mark = mark

    def fail_waiting(self, failure: StorageError) -> None:
        """Give up on what has no verdict."""
        for item in self.waiting():
            item.failure = failure
            item.settled = True


class Failed:
    """Calls of which a unit was not stored for other reasons than its fence.

    The next unit of such a call does not fit either: it is given the same reason instead of a
    FenceError, which would have the call dropped.
    """

    def __init__(self) -> None:
        self._reasons: dict[str, StorageError] = {}

    def fits(self, item: Item) -> None:
        """The item could be written: its call stands well again."""
        if self._reasons and item.call is not None:
            self._reasons.pop(item.call.call_uuid, None)

    def stored(self, item: Item) -> None:
        """The item is durable."""
        item.settled = True
        self.fits(item)

    def refused(self, item: Item, failure: StorageError) -> None:
        """The item is not stored and will not be."""
        item.failure = failure
        item.settled = True
        if item.call is not None and not isinstance(failure, FenceError):
            self._reasons[item.call.call_uuid] = failure

    def reason(self, call_uuid: str) -> StorageError | None:
        """Why an earlier unit of the call is missing."""
        found = self._reasons.get(call_uuid)
        return None if found is None else StorageError(str(found), full=found.full)
