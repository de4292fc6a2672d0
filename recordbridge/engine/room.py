"""Room on the disks: measured every two seconds, told to the calls (N-4).

What follows from it is the machine's decision. A place is one of those where recordings or what
is known of them are written; it is full when less than its least room is left.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog

from recordbridge.errors import StorageError
from recordbridge.telemetry.metrics import Metrics

log = structlog.get_logger()

LOOK_S = 2.0
MEGABYTE = 1_000_000


class Place(NamedTuple):
    """`name` as it is told: `storage`, `database`, `spool:NAME`. Of one Asterisk, or of all."""

    name: str
    free_bytes: Callable[[], Awaitable[int]]
    """Raises StorageError."""
    least_mb: int
    """0: not judged."""
    asterisk: str | None = None


class Room:
    """Looks at all places; `full` says of an Asterisk where there is no room."""

    def __init__(self, places: Sequence[Place], metrics: Metrics) -> None:
        self._places = places
        self._metrics = metrics
        self._low: set[str] = set()
        self._unmeasured: set[str] = set()

    def full(self, asterisk: str) -> str:
        """The first place without room for this Asterisk's recordings; empty: there is room."""
        for place in self._places:
            if place.name in self._low and place.asterisk in (None, asterisk):
                return place.name
        return ""

    async def look(self) -> bool:
        """Measure every place; True when one became full, or has room again."""
        before = set(self._low)
        for place in self._places:
            try:
                free = await place.free_bytes()
            except StorageError as error:
                self._unknown(place, str(error))
            else:
                self._judge(place, free)
        return self._low != before

    @contextlib.asynccontextmanager
    async def watching(self, changed: Callable[[], None]) -> AsyncIterator[None]:
        """Look again and again; `changed` is called when something did."""
        task = asyncio.create_task(self._watch(changed), name="room")
        task.add_done_callback(_tell_broken)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self, changed: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if await self.look():
                changed()

    def _judge(self, place: Place, free: int) -> None:
        self._unmeasured.discard(place.name)
        self._metrics.disk_free.labels(place.name).set(free)
        low = free < place.least_mb * MEGABYTE
        if low == (place.name in self._low):
            return
        told = {"place": place.name, "free_mb": free // MEGABYTE, "least_mb": place.least_mb}
        if low:
            self._low.add(place.name)
            log.error("disk_low", **told)
        else:
            self._low.discard(place.name)
            log.info("disk_has_room", **told)

    def _unknown(self, place: Place, reason: str) -> None:
        """What cannot be measured keeps its judgement; it is told once."""
        if place.name not in self._unmeasured:
            self._unmeasured.add(place.name)
            log.warning("disk_unmeasured", place=place.name, reason=reason)


def _tell_broken(task: asyncio.Task[None]) -> None:
    """It ends only when it is told to; any other end would go unnoticed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("room_broke", exc_info=error)
