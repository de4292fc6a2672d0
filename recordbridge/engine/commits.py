"""When things are committed: at once when somebody waits for it, else with others, soon.

What a third party sees waits for its commit, so that one is made at once, and takes along all
that waits. Anything else may be lost by a crash without harm for a moment, for Asterisk can be
asked again: it waits `LAG_S` for company. A call's burst of steps is one unit then, and the
units of many calls one transaction (a commit and its wake-ups are the largest cost of a call).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LAG_S = 0.05
LEISURE_S = 1.0
"""For what is only told again by Asterisk less exactly, or at more cost."""
REPLY_S = 0.01
"""For a reply that somebody gave us: a crash before it is kept asks for it once more."""


class Commits:
    """Calls the `flush` of whoever has something to commit. Lives on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[Callable[[], None], None] = {}
        self._last: dict[Callable[[], None], None] = {}
        self._timer: asyncio.Handle | None = None
        self._timer_at = 0.0

    def soon(self, flush: Callable[[], None], *, hurry: bool = True) -> None:
        """Flush within `LAG_S`, or together with whoever cannot wait.

        Without `hurry`, `LEISURE_S` will do.
        """
        self._waiting[flush] = None
        self._within(LAG_S if hurry else LEISURE_S)

    def replied(self, flush: Callable[[], None]) -> None:
        """Flush within `REPLY_S`, after all that the replies have come to."""
        self._last[flush] = None
        self._within(REPLY_S)

    def _within(self, seconds: float) -> None:
        due = self._loop.time() + seconds
        if self._timer is not None:
            if self._timer_at <= due:
                return
            self._timer.cancel()
        # uvloop gives a handle that knows no time when the moment has passed meanwhile.
        self._timer, self._timer_at = self._loop.call_at(due, self._flush), due

    def now(self, flush: Callable[[], None]) -> None:
        """Flush at once, and everybody who waits."""
        self._waiting[flush] = None
        self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting, self._last = self._waiting | self._last, {}, {}
        for flush in waiting:
            flush()
