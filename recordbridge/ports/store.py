"""The database as the engine sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from recordbridge.instant import Instant
from recordbridge.ports.rows import (
    CallRow,
    CommandRow,
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


class Neighbour(NamedTuple):
    """Another worker of this database."""

    worker: str
    apps: Mapping[str, str]
    """Its application on each Asterisk that it is connected to."""
    heir: str
    """Who looks after what it left, when it is dead."""
    lives: bool


class Leases(Protocol):
    """Which worker lives and what the dead ones own (N-6); alone on a database we own all of it."""

    @property
    def shared(self) -> bool:
        """Others may be on this database."""
        ...

    @property
    def lease_s(self) -> float:
        """How long a beat lasts."""
        ...

    async def beat(self, apps: Mapping[str, str]) -> None:
        """We live; `apps` is our application on each Asterisk that we are connected to."""
        ...

    async def resign(self) -> None:
        """We stop: what is ours may be adopted at once."""
        ...

    async def neighbours(self) -> list[Neighbour]: ...

    async def inherit(self, dead: str) -> bool:
        """Become the one who looks after what a dead worker has left that is in no row."""
        ...

    async def anything_left(self) -> bool:
        """Whether there is something to adopt."""
        ...

    async def adopt_calls(self, asterisk: str) -> list[CallRow]:
        """Open calls of dead workers: they are ours now, under a higher fence."""
        ...

    async def adopt_requests(self) -> list[RequestRow]:
        """Unfinished requests of dead workers, of calls that are over or ours: ours now."""
        ...

    async def hand_over(self, call_uuids: Iterable[str]) -> None:
        """Give these calls of ours to whoever takes them first."""
        ...

    async def take_call(self, call_uuid: str) -> CallRow | None:
        """A call whose channel is back, under a new fence; None while it is open elsewhere."""
        ...

    async def lost_calls(self, since: Instant) -> set[str]:
        """Those that have entered since then and are not ours any more."""
        ...

    async def unfinished(self) -> set[str]:
        """The ids of our unfinished requests."""
        ...

    async def calls_left(self) -> dict[str, int]:
        """How many open calls each dead worker has left."""
        ...


class Commands(Protocol):
    """What is asked of calls across workers (N-6). Every method raises StorageError."""

    async def add(self, row: CommandRow) -> None:
        """Keep it; one that is there stays as it is."""
        ...

    async def answer(self, command_id: str) -> bytes | None:
        """The owner's answer, once it is there."""
        ...

    async def waiting(self) -> list[tuple[CommandRow, bool]]:
        """Those for calls of ours that have no answer, oldest first; whether the call is open."""
        ...

    async def forget(self, before: Instant) -> None:
        """Delete those that are so old: nobody waits for them."""
        ...
