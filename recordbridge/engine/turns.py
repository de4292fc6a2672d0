"""When a request is sent: it is due, its lane has a place, and no other one of its recording is on
its way (H-4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from recordbridge.engine.lanes import Delivery, Lane
from recordbridge.instant import Clock, Instant


class Turns:
    """`start` begins an attempt; `low` is told of a lane that has sent what there was.

    Whoever started an attempt tells when it has `ended`.
    """

    def __init__(
        self, clock: Clock, start: Callable[[Delivery], None], low: Callable[[Lane], None]
    ) -> None:
        self._clock = clock
        self._start = start
        self._low = low
        self._loop = asyncio.get_running_loop()
        self._recordings: dict[str, list[Delivery]] = {}
        """Those of which a request is on its way, and what of each has to wait for that."""
        self._stopping = False

    def at(self, request: Delivery, due_at: Instant) -> None:
        """Its turn comes when it is due, or at once."""
        if request.timer is not None:
            request.timer.cancel()
            request.timer = None
        wait_ms = due_at - self._clock()
        if wait_ms > 0:
            request.timer = self._loop.call_later(wait_ms / 1000, self.at, request, due_at)
        else:
            request.lane.put(request)
            self._go_on(request.lane)

    def ended(self, request: Delivery) -> None:
        """Its place is free for another."""
        request.lane.running -= 1
        self._go_on(request.lane)
        for other in self._recordings.pop(request.row.recording_id or "", ()):
            other.lane.put_back(other)
            self._go_on(other.lane)

    def stop(self) -> None:
        """Nothing more is begun."""
        self._stopping = True

    def _go_on(self, lane: Lane) -> None:
        while not self._stopping and (request := lane.take()) is not None:
            if not request.dropped and self._has_recording(request):
                lane.running += 1
                self._start(request)
        self._low(lane)

    def _has_recording(self, request: Delivery) -> bool:
        """No other one of its recording is being sent; else it is the next of it."""
        recording_id = request.row.recording_id
        if recording_id is None:
            return True
        others = self._recordings.get(recording_id)
        if others is not None:
            others.append(request)
            return False
        self._recordings[recording_id] = []
        return True
