"""N-6: tells the other workers of a database that we live, and looks whether they do.

Nothing is adopted unless our own beats have been in time for the length of a lease: after an
outage of the database every worker looks dead until it has had its turn. After a beat that came
too late for our own lease, others may have adopted what was ours: that is dropped first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol

import structlog

from recordbridge.engine.tenure import Tenure
from recordbridge.errors import PbxError, StorageError
from recordbridge.ports.store import Leases

log = structlog.get_logger()

HEARTBEAT_S = 2.0
"""From one beat to the next; a lease (`store.leases.LEASE_S`) outlives two that are missed."""
PARTS = 8
"""Of that time: how often is looked whether we are connected elsewhere than before."""
LOOK_S = 0.5
"""How often is looked for what others have left, or given away."""


class Succession(Protocol):
    """What follows from who lives (`engine.succession`)."""

    async def drop_lost(self) -> None:
        """Forget what others have adopted. Raises StorageError."""
        ...

    async def adopt(self) -> None:
        """Adopt what others have left. Raises StorageError, PbxError."""
        ...


class Heartbeat:
    """`apps` tells where we are; `sure` is called when we know again what is ours.

    Lives on the event loop; `now` is in seconds.
    """

    def __init__(
        self,
        leases: Leases,
        succession: Succession,
        tenure: Tenure,
        apps: Callable[[], Mapping[str, str]],
        sure: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._sure = sure
        self._leases = leases
        self._succession = succession
        self._tenure = tenure
        self._apps = apps
        self._now = now
        self._beaten_at = self._well_since = now()
        self._told: Mapping[str, str] = {}
        """Where the others know us to be."""

    @property
    def well(self) -> bool:
        """Our beats have been in time for a lease, and the last one still holds."""
        lease_s = self._leases.lease_s
        in_time = self._now() - self._beaten_at < lease_s
        return in_time and self._beaten_at - self._well_since >= lease_s

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Beat now, and until the block ends. Raises StorageError for the first beat."""
        await self.beat()
        tasks = [
            asyncio.create_task(self._beat_on(), name="heartbeat"),
            asyncio.create_task(self._look_on(), name="succession"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _beat_on(self) -> None:
        while True:
            await self._until_due()
            try:
                await self.beat()
            except StorageError as error:
                log.warning("heartbeat_failed", reason=str(error))

    async def _until_due(self) -> None:
        """Sooner when we are elsewhere: whoever stops gives its calls to those who are there."""
        for _ in range(PARTS):
            await asyncio.sleep(HEARTBEAT_S / PARTS)
            if self._apps() != self._told:
                return

    async def beat(self) -> None:
        """One beat; if it is late, what was lost meanwhile is dropped."""
        lease_s = self._leases.lease_s
        began = self._now()
        apps = dict(self._apps())
        await self._leases.beat(apps)
        self._told = apps
        late = self._now() - self._beaten_at > lease_s
        self._beaten_at = began
        if late:
            self._well_since = self._now()
            await self._succession.drop_lost()
        self._tenure.renewed(began + lease_s)
        if late:
            self._sure()

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if not self.well:
                continue
            try:
                await self._succession.adopt()
            except (StorageError, PbxError) as error:
                log.warning("adoption_failed", reason=str(error))
