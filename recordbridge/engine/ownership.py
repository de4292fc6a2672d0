"""N-6: whether a call that we do not drive may be taken up by us."""

from __future__ import annotations

from typing import Protocol

from recordbridge.errors import ElsewhereError
from recordbridge.ports.rows import CallRow
from recordbridge.ports.store import Leases


class Keeps(Protocol):
    """What is needed of the database."""

    async def call(self, call_uuid: str) -> CallRow | None: ...


class Ownership:
    """`leases` and `worker` are given where other workers may be on the database."""

    def __init__(self, store: Keeps, leases: Leases | None = None, worker: str = "") -> None:
        self._store = store
        self._leases = leases
        self._worker = worker

    @property
    def shared(self) -> bool:
        """There may be others."""
        return self._leases is not None

    async def elsewhere(self, call_uuid: str) -> CallRow | None:
        """The row of a call that goes on with another worker. Raises StorageError."""
        if self._leases is None:
            return None
        row = await self._store.call(call_uuid)
        return row if row is not None and row.open and row.owner != self._worker else None

    async def taken(self, call_uuid: str) -> CallRow | None:
        """The row of a call, ours now if it was over; None for a channel that was no call.

        Raises ElsewhereError while another worker owns it, StorageError.
        """
        row = await self._store.call(call_uuid)
        if row is None or self._leases is None or (row.open and row.owner == self._worker):
            return row
        owner = row.owner
        row = await self._leases.take_call(call_uuid)
        if row is None:
            raise ElsewhereError(f"call {call_uuid} goes on with worker {owner}: ask that one")
        return row
