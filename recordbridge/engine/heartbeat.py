"""N-6: tells the other workers of a database that we live, and sends what dead ones have left.

Nothing is adopted unless our own beats have been in time for the length of a lease: after an
outage of the database every worker looks dead until it has had its turn.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import structlog

from recordbridge.errors import StorageError
from recordbridge.ports.rows import RequestRow
from recordbridge.ports.store import Leases

log = structlog.get_logger()

HEARTBEAT_S = 2.0
"""From one beat to the next; a lease (`store.leases.LEASE_S`) outlives two that are missed."""


class Heartbeat:
    """`submit` sends an adopted request. Lives on the event loop; `now` is the loop's time."""

    def __init__(
        self,
        leases: Leases,
        submit: Callable[[RequestRow], None],
        now: Callable[[], float],
    ) -> None:
        self._leases = leases
        self._submit = submit
        self._now = now
        self._beaten_at = self._well_since = now()
        self._left: dict[str, int] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Beat now, and until the block ends. Raises StorageError for the first beat."""
        await self.beat()
        task = asyncio.create_task(self._run(), name="heartbeat")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                await self.beat()
            except StorageError as error:
                log.warning("heartbeat_failed", reason=str(error))

    async def beat(self) -> None:
        """One beat, and what may be done after it."""
        lease_s = self._leases.lease_s
        await self._leases.beat()
        late = self._now() - self._beaten_at > lease_s
        self._beaten_at = self._now()
        if late:
            self._well_since = self._beaten_at
        if self._beaten_at - self._well_since >= lease_s:
            await self._adopt()

    async def _adopt(self) -> None:
        adopted = await self._leases.adopt_requests()
        for row in adopted:
            self._submit(row)
        if adopted:
            log.info("requests_adopted", requests=len(adopted))
        left = await self._leases.calls_left()
        for worker, calls in left.items():
            if self._left.get(worker) != calls:
                log.warning("calls_left_by_dead_worker", worker=worker, calls=calls)
        self._left = left
