"""H-4: requests in memory, and their lanes, each of which takes `LANE` at once: a slow one delays
no other.
"""

from __future__ import annotations

import asyncio
from collections import deque

from recordbridge.instant import Instant
from recordbridge.machine.delivery import Progress
from recordbridge.ports.rows import RequestRow

LANE = 32
"""H-4: requests at once to one scheme, host and port."""


class Delivery:
    """A request on its way: `task` is its attempt, `timer` the pause before the next one."""

    __slots__ = (
        "attempts",
        "dropped",
        "durable",
        "followers",
        "lane",
        "progress",
        "row",
        "settled",
        "task",
        "timer",
        "wants_document",
    )

    def __init__(self, row: RequestRow, lane: Lane) -> None:
        self.row = row
        self.lane = lane
        self.dropped = False
        """It is done, or in the database alone."""
        self.durable = row.durable
        self.wants_document = row.wants_document
        self.progress = Progress(step=row.step)
        self.attempts = row.attempts
        self.settled = row.settled
        self.followers: list[Delivery] = []
        """Q-4: these wait until it is settled."""
        self.task: asyncio.Task[Instant | None] | None = None
        self.timer: asyncio.TimerHandle | None = None


class Lane:
    """What is to be sent to one scheme, host and port, in its order, and what is being sent."""

    __slots__ = ("_first", "_queue", "due_at", "loading", "name", "open", "running")

    def __init__(self, name: str) -> None:
        self.name = name
        self._first: deque[Delivery] = deque()
        """A call waits for these."""
        self._queue: deque[Delivery] = deque()
        self.open = 0
        """How many are in memory: those as well that wait for their time."""
        self.running = 0
        self.due_at: Instant | None = None
        """When the first of those is due that only the database holds; None: there are none."""
        self.loading = False

    def __len__(self) -> int:
        """How many are in memory and due, or being sent."""
        return len(self._first) + len(self._queue) + self.running

    @property
    def idle(self) -> bool:
        """Nobody would miss it."""
        return not (self.open or self.running or self.loading) and self.due_at is None

    def put(self, delivery: Delivery) -> None:
        """It is due."""
        (self._first if delivery.wants_document else self._queue).append(delivery)

    def put_back(self, delivery: Delivery) -> None:
        """It was held up: it is the next."""
        (self._first if delivery.wants_document else self._queue).appendleft(delivery)

    def take(self) -> Delivery | None:
        """The next one, if there is one and the lane has a place for it."""
        if self.running >= LANE:
            return None
        queue = self._first or self._queue
        return queue.popleft() if queue else None

    def leave(self, due_at: Instant) -> None:
        """One that is due then is held by the database alone."""
        self.due_at = due_at if self.due_at is None else min(due_at, self.due_at)
