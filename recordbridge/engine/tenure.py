"""N-6: whether what we own is certainly still ours.

A worker that was stuck wakes up with timers that are due and events that have piled up, while
another may have its calls. So when our last beat is older than a lease, nothing is done for any
call until a beat was made and what is lost was dropped. While the database is away nobody can
take anything, and calls go on as N-5 says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from math import inf


def elapsed() -> float:
    """Seconds, those included in which this process or the whole machine stood still."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Tenure:
    """Without a beat (one worker alone) nothing is ever doubtful."""

    def __init__(self, now: Callable[[], float] = elapsed) -> None:
        self._now = now
        self._until = inf
        self._away = False
        self._sure = asyncio.Event()
        self._waiting: list[Callable[[], None]] = []

    def doubtful(self) -> bool:
        """Whether another worker may own what was ours."""
        return self._until != inf and self._now() >= self._until and not self._away

    def when_sure(self, act: Callable[[], None]) -> None:
        """Now, or when `tell` finds that nothing is doubtful."""
        if self.doubtful():
            self._waiting.append(act)
        else:
            act()

    def tell(self) -> None:
        """We know again what is ours: do what has waited for it."""
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()

    def renewed(self, until: float) -> None:
        """What we have is ours until then at least."""
        self._until = until
        self._sure.set()

    def database(self, *, there: bool) -> None:
        """It went away, or came back: then only the next beat tells who owns what."""
        self._away = not there
        if self._away:
            self._sure.set()

    async def sure(self) -> None:
        """Until nothing is doubtful."""
        while self.doubtful():
            self._sure.clear()
            await self._sure.wait()
