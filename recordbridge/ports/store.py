"""The database as the engine sees it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from recordbridge.instant import Instant
from recordbridge.ports.rows import (
    CallRow,
    Due,
    Queue,
    RecordingRow,
    RequestRow,
    TranscriptRow,
    Unit,
)


class Store(Protocol):
    """Commits units in the order they were given; many waiting ones share one transaction."""

    @property
    def available(self) -> bool:
        """Commits are made; else they wait."""
        ...

    def commit(self, unit: Unit, *, quiet: bool = False) -> asyncio.Future[None]:
        """Take the unit into the queue at once; the future is done when it is durable.

        Of a `quiet` unit nobody waits for the success: it is told with that of others, at the
        latest a second later. A failure is always told at once.

        Fails with FenceError when the call's row is not at `version - 1` under this fence, with
        StorageError (`full` set when the disk is) for the rest; other units are unharmed.
        """
        ...

    async def take_calls(self, asterisk: str) -> list[CallRow]:
        """Our calls whose machine is not done, oldest first, under a new fence (N-6)."""
        ...

    async def call(self, call_uuid: str) -> CallRow | None: ...

    async def recording(self, recording_id: str) -> RecordingRow | None: ...

    async def take_requests(self) -> list[RequestRow]:
        """All that wait and are ours, or nobody's, become ours; those not settled, oldest first."""
        ...

    async def queues(self) -> list[Queue]:
        """What of ours waits in each lane, settled or not."""
        ...

    async def due_requests(self, lane: str, until: Instant, most: int) -> Due:
        """At most `most` settled ones of ours, as they stand after all units given so far."""
        ...

    async def replay_requests(self, ids: list[str], now: Instant) -> None:
        """These become ours and are due again, from the first step of the schedule on (E-5)."""
        ...

    async def take_transcripts(self, most: int) -> list[TranscriptRow]:
        """Those that wait: ours, nobody's and those of dead workers, in their order (N-6)."""
        ...

    async def secret(self, name: str, fresh: str) -> str:
        """The secret kept under that name; `fresh` becomes it when there is none (E-4)."""
        ...


class Leases(Protocol):
    """Which worker lives and what the dead ones own (N-6)."""

    @property
    def lease_s(self) -> float:
        """How long a beat lasts."""
        ...

    async def beat(self) -> None: ...

    async def adopt_requests(self) -> list[RequestRow]:
        """Unfinished requests of dead workers, of calls that are over: they are ours now."""
        ...

    async def calls_left(self) -> dict[str, int]:
        """How many open calls each dead worker has left."""
        ...
