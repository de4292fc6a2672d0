"""H-4: requests that only the database holds, until they are due and their lane has room.

In memory are those that a call waits for, and a short queue for each lane: what waits for a step of
the schedule, a backlog of 100,000 after an outage for instance, costs no memory. All of them are
settled, so nothing waits for them. A lane is filled up from an index, a batch at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from recordbridge.engine.lanes import LANE, Lane
from recordbridge.errors import StorageError
from recordbridge.instant import Clock, Instant
from recordbridge.ports.rows import RequestRow
from recordbridge.ports.store import Store

log = structlog.get_logger()

BATCH = 256
"""Rows that are taken at once."""
LOW = 2 * LANE
"""A lane with fewer in memory is filled up: what is sent while the database reads."""
LOOK_S = 60
"""How often the database is asked what waits: that finds what others put there."""
AGAIN_S = 1.0
"""Until the next try when the database could not be asked."""


class Backlog:
    """`admit` takes a row into memory. `known` tells which are there, or were a moment ago;
    `elsewhere` how many wait, by the database's last word, and are not left to us.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        admit: Callable[[RequestRow], None],
        known: Callable[[], set[str]],
        elsewhere: Callable[[], int],
    ) -> None:
        self._store = store
        self._clock = clock
        self._admit = admit
        self._known = known
        self._elsewhere = elsewhere
        self._lanes: dict[str, Lane] = {}
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        self._wake_at: Instant = 0
        self._stopping = False
        self.left = 0
        """How many only the database holds. Exact when there are none; what moves during a look
        may be counted for a minute.
        """

    def lane(self, name: str) -> Lane:
        """The lane of that name."""
        found = self._lanes.get(name)
        if found is None:
            found = self._lanes[name] = Lane(name)
        return found

    def leave(self, lane: Lane, due_at: Instant) -> None:
        """One is held by the database alone from now on."""
        self.left += 1
        lane.leave(due_at)
        self.tend(lane)

    def tend(self, lane: Lane) -> None:
        """Fill the lane up when it runs low and something is due, or see to it in time."""
        if lane.due_at is None or lane.loading or self._stopping:
            return
        if lane.due_at > self._clock():
            self._wake_by(lane.due_at)
        elif len(lane) < LOW:
            lane.loading = True
            self._start(self._load(lane), f"backlog of {lane.name}")

    async def look(self) -> None:
        """Ask the database what waits in each lane, now and every minute."""
        before = self._elsewhere()
        queues = await self._store.queues()
        # One that was being committed when we asked is counted, and in memory only now.
        elsewhere = max(before, self._elsewhere())
        self.left = max(0, sum(each.requests for each in queues) - elsewhere)
        for each in queues:
            lane = self.lane(each.lane)
            lane.leave(each.due_at)
            self.tend(lane)
        self._lanes = {name: lane for name, lane in self._lanes.items() if not lane.idle}
        self._look_again(LOOK_S)

    async def close(self) -> None:
        """No more rows are taken."""
        self._stopping = True
        for timer in (self._wake, self._look):
            if timer is not None:
                timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _load(self, lane: Lane) -> None:
        now, known = self._clock(), self._known()
        lane.due_at = None
        try:
            due = await self._store.due_requests(lane.name, now, BATCH + len(lane))
        except StorageError as error:
            log.warning("backlog_not_read", lane=lane.name, reason=str(error))
            lane.leave(now)
            await asyncio.sleep(AGAIN_S)
        else:
            if due.next_at is not None:
                lane.leave(due.next_at)
            for row in due.rows:
                if row.request_id not in known:
                    self.left = max(0, self.left - 1)
                    self._admit(row)
        finally:
            lane.loading = False
        self.tend(lane)
        if not any(each.loading or each.due_at is not None for each in self._lanes.values()):
            self.left = 0

    def _wake_by(self, due_at: Instant) -> None:
        if self._wake is not None:
            if self._wake_at <= due_at:
                return
            self._wake.cancel()
        self._wake_at = due_at
        wait_s = max(0, due_at - self._clock()) / 1000
        self._wake = self._loop.call_later(min(wait_s, LOOK_S), self._woken)

    def _woken(self) -> None:
        self._wake = None
        for lane in list(self._lanes.values()):
            self.tend(lane)

    def _look_again(self, seconds: float) -> None:
        if self._look is not None:
            self._look.cancel()
        if not self._stopping:
            self._look = self._loop.call_later(seconds, self._start_look)

    def _start_look(self) -> None:
        self._start(self._looked(), "look for a backlog")

    async def _looked(self) -> None:
        try:
            await self.look()
        except StorageError as error:
            log.warning("backlog_not_read", reason=str(error))
            self._look_again(LOOK_S)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
